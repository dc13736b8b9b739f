package tally;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicReference;

/** What a server does only rarely: it stalls, breaks, answers late. A small one of sockets does it here, on purpose. */
public final class Edges {
    private static final String ANSWER = "0123456789".repeat(1_000);
    private static int problems;

    private interface Step { void answer(Socket socket, String head) throws IOException; }

    private interface Use { void with(TallyClient client, List<String> heads) throws Exception; }

    private static final Step STALLED = (socket, head) -> write(socket, "HTTP/1.1 200 OK\r\nContent-Length: " + ANSWER.length() + "\r\nETag: \"a1\"\r\n\r\n" + ANSWER.substring(0, 4_000));
    private static final Step BROKEN = (socket, head) -> { STALLED.answer(socket, head); socket.close(); };
    private static final Step GONE = (socket, head) -> socket.close();
    private static final Step SILENT = (socket, head) -> write(socket, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
    private static final Step NOTHING = (socket, head) -> {};
    private static final Step REST = (socket, head) -> {
        var start = Integer.parseInt(head.replaceAll("(?s).*Range: bytes=(\\d+)-.*", "$1"));
        if (!head.contains("If-Range: \"a1\"")) throw new IOException("no If-Range");
        write(socket, "HTTP/1.1 206 Partial Content\r\nContent-Length: " + (ANSWER.length() - start) + "\r\nETag: \"a1\"\r\nConnection: close\r\n\r\n" + ANSWER.substring(start));
    };

    public static void main(String[] arguments) throws Exception {
        downloads();
        deadlines();
        interruptsAndClosings();
        repeating();
        urls();
        values();
        System.out.println("java: edges, " + problems + " problems");
        System.exit(problems == 0 ? 0 : 1);
    }

    private static void downloads() throws Exception {
        Protocol.silence = Duration.ofMillis(500);
        for (var step : List.of(STALLED, BROKEN)) {
            scripted(List.of(step, REST), (client, heads) -> {
                var to = new ByteArrayOutputStream();
                check("a download goes on where it stopped", client.download("job", to) == ANSWER.length() && to.toString().equals(ANSWER) && heads.size() == 2, heads);
            });
        }
        Protocol.silence = Duration.ofSeconds(45);
        scripted(List.of(BROKEN, whole("200 OK", "another")), (client, heads) -> check("an answer that has changed is not mixed",
            thrown(() -> client.download("job", new ByteArrayOutputStream())) instanceof ProtocolException, heads));
        scripted(List.of(whole("404 Not Found", error("NOT_FOUND"))), (client, heads) -> {
            var error = thrown(() -> client.download("../rpc?a=b#c/d é", new ByteArrayOutputStream()));
            check("an ID is one part of the path", error instanceof RemoteException && heads.get(0).startsWith("GET /results/..%2Frpc%3Fa%3Db%23c%2Fd%20%C3%A9 HTTP"), heads + " " + error);
        });
    }

    private static void deadlines() throws Exception {
        scripted(List.of(whole("200 OK", error("DEADLINE_EXCEEDED"))), (client, heads) -> {
            var error = thrown(() -> client.call("getStatus", Map.of("jobId", "x")));
            check("the server's deadline", error instanceof DeadlineException && error.getCause() instanceof RemoteException, error);
        });
        var soon = Duration.ofMillis(300);
        Map<String, Use> uses = new LinkedHashMap<>();
        uses.put("call", (client, heads) -> client.call("getStatus", Map.of("jobId", "x"), soon));
        uses.put("await", (client, heads) -> client.await("x", status -> {}, soon));
        uses.put("download", (client, heads) -> client.download("x", new ByteArrayOutputStream(), soon));
        for (var use : uses.entrySet()) {
            for (var step : List.of(NOTHING, SILENT, STALLED)) {
                if (use.getKey().equals("call") && step == SILENT || use.getKey().equals("await") && step == STALLED || use.getKey().equals("download") && step == SILENT) continue;
                scripted(List.of(step, step, step), (client, heads) -> {
                    var error = thrown(() -> use.getValue().with(client, heads));
                    check("a deadline of " + use.getKey(), error instanceof DeadlineException, error);
                });
            }
        }
    }

    /** A thread that waits, for the head of an answer or for an event, is woken at once. */
    private static void interruptsAndClosings() throws Exception {
        for (var step : List.of(NOTHING, SILENT)) {
            for (var isInterrupt : List.of(true, false)) {
                scripted(List.of(step, step), (client, heads) -> {
                    var stream = client.stream("streamProgress", Map.of("jobId", "x"));
                    var error = new AtomicReference<Throwable>();
                    var wasInterrupted = new AtomicReference<Boolean>();
                    var thread = new Thread(() -> {
                        error.set(thrown(stream::next));
                        wasInterrupted.set(Thread.currentThread().isInterrupted());
                    });
                    thread.start();
                    while (heads.isEmpty()) Thread.sleep(10);
                    Thread.sleep(200);
                    if (isInterrupt) thread.interrupt(); else stream.close();
                    thread.join(5_000);
                    check((isInterrupt ? "an interrupt" : "a closing") + " ends a stream", !thread.isAlive() && error.get() instanceof ConnectionException, error.get());
                    check("the interrupt stays to be seen", wasInterrupted.get() != null && wasInterrupted.get() == isInterrupt, wasInterrupted.get());
                    check("it isn't opened again", heads.size() == 1, heads);
                    if (!isInterrupt) check("a closed stream has no next item", !stream.hasNext(), true);
                });
            }
        }
    }

    private static void repeating() throws Exception {
        scripted(List.of(GONE, GONE, GONE, GONE, GONE, whole("200 OK", "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":7}")), (client, heads) -> {
            var found = client.call("getStatus", Map.of("jobId", "x"), Duration.ofSeconds(20));
            check("a call is sent again until its deadline", found.toString().equals("7") && heads.size() >= 6, heads.size());
        });
        scripted(List.of(GONE, GONE), (client, heads) -> {
            var error = thrown(() -> client.call("retryJob", Map.of("jobId", "x")));
            check("what may not be repeated is not", error instanceof ConnectionException && heads.size() == 1, error);
        });
    }

    private static void urls() {
        for (var url : List.of("", "http://", "ftp://h", "h:80", "http://h/?a=b", "http://h/#a", "http://u:p@h", "http://h h")) {
            var error = thrown(() -> new TallyClient(url));
            check("no URL: " + url, error instanceof IllegalArgumentException, error);
        }
    }

    private enum Letter { A }

    private static void values() {
        var map = new LinkedHashMap<String, Object>();
        map.put("set", new TreeSet<>(Set.of("a", "b")));
        map.put("array", new Object[] { "x", 1, null });
        map.put("numbers", new int[] { 1, 2 });
        map.put("empty", Set.of());
        map.put("enum", Letter.A);
        map.put("big", new java.math.BigInteger("12345678901234567890"));
        check("sets, arrays, enumerations", Json.write(map).equals(
            "{\"set\":[\"a\",\"b\"],\"array\":[\"x\",1,null],\"numbers\":[1,2],\"empty\":[],\"enum\":\"A\",\"big\":12345678901234567890}"), Json.write(map));
        for (var value : List.of(new Object(), Double.NaN, Float.POSITIVE_INFINITY, List.of(new Object()))) {
            check("what JSON has no value for", thrown(() -> Json.write(value)) instanceof IllegalArgumentException, value);
        }
    }

    // --- The server ---

    private static void scripted(List<Step> steps, Use use) throws Exception {
        var heads = Collections.synchronizedList(new ArrayList<String>());
        var sockets = Collections.synchronizedList(new ArrayList<Socket>());
        try (var listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            var server = new Thread(() -> {
                try {
                    for (var step : steps) {
                        var socket = listener.accept();
                        sockets.add(socket);
                        heads.add(request(socket));
                        step.answer(socket, heads.get(heads.size() - 1));
                    }
                } catch (IOException error) {
                    // The test is over.
                }
            });
            server.setDaemon(true);
            server.start();
            use.with(new TallyClient("http://127.0.0.1:" + listener.getLocalPort()), heads);
        }
        for (var socket : sockets) socket.close();
    }

    private static String request(Socket socket) throws IOException {
        var text = new StringBuilder();
        var in = socket.getInputStream();
        while (text.indexOf("\r\n\r\n") < 0) {
            var b = in.read();
            if (b < 0) throw new IOException("cut");
            text.append((char) b);
        }
        var length = text.toString().toLowerCase().replaceAll("(?s).*content-length: (\\d+).*", "$1");
        if (length.matches("\\d+")) in.readNBytes(Integer.parseInt(length));
        return text.toString();
    }

    private static Step whole(String status, String body) {
        return (socket, head) -> {
            write(socket, "HTTP/1.1 " + status + "\r\nContent-Type: application/json\r\nContent-Length: " + body.length() + "\r\nConnection: close\r\n\r\n" + body);
            socket.close();
        };
    }

    private static String error(String status) { return "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32000,\"message\":\"no\",\"data\":{\"status\":\"" + status + "\"}}}"; }

    private static void write(Socket socket, String text) throws IOException { socket.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8)); }

    private interface Work { void run() throws Exception; }

    private static Throwable thrown(Work work) {
        try {
            work.run();
            return null;
        } catch (Throwable error) {
            return error;
        }
    }

    private static void check(String what, boolean isRight, Object found) {
        if (isRight) return;
        problems++;
        System.out.println("java: " + what + ": " + found);
    }
}
