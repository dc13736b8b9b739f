package tally;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.SequenceInputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** All vectors, and jobs from beginning to end, against real servers: see Tests/vectors/serve.py. */
public final class Tests {
    private static final String SERVER = System.getenv("TALLY_SERVER");
    private static final String HEADER = "Song,Date,Total Number of Plays for Date\n";
    private static final Map<String, Object> LATER = Map.of("startAt", "2999-01-01T00:00:00Z");
    private static final TallyClient tally = new TallyClient(SERVER);
    private static int problems;

    public static void main(String[] arguments) throws Exception {
        vectors();
        job();
        fileIsUploaded();
        jobWithoutAnOutput();
        errorsBatchesAndCancellation();
        eventsAreTheSameHoweverTheyAreSplit();
        aStreamThatIsCutAnywhereGoesOn();
        System.out.println("java: jobs, " + problems + " problems");
        System.exit(problems == 0 ? 0 : 1);
    }

    private static void check(String what, boolean isRight, Object found) {
        if (isRight) return;
        problems++;
        System.out.println("java: " + what + ": " + found);
    }

    private static String output() { return "java-" + UUID.randomUUID() + ".csv"; }

    // --- Vectors ---

    private record Answer(int status, Map<String, String> headers, String body) {}

    private static void vectors() throws Exception {
        var vectors = (List<?>) Json.parse(Files.readString(Path.of(System.getenv("TALLY_VECTORS"))));
        for (var vector : vectors) {
            var wrong = problem(Json.at(vector, "response"), send(Json.at(vector, "request")));
            check(Json.at(vector, "file") + ": " + Json.at(vector, "name"), wrong == null, wrong);
        }
        System.out.println("java: " + vectors.size() + " vectors, " + problems + " problems");
    }

    private static Answer send(Object request) throws Exception {
        var server = System.getenv("TALLY_VECTORS_SERVER");
        var method = (String) Json.at(request, "method");
        var headers = new LinkedHashMap<String, Object>(Map.of("Content-Type", "application/json", "Accept", "application/json"));
        if (Json.at(request, "headers") instanceof Map<?, ?> more) more.forEach((name, value) -> headers.put((String) name, value));
        byte[] body = Json.at(request, "bodyHex") instanceof String hex ? HexFormat.of().parseHex(hex)
            : Json.at(request, "body") instanceof String text ? text.getBytes(StandardCharsets.UTF_8) : null;
        var path = (String) Json.at(request, "path");
        if (body == null && method.equals("POST") || path.contains("%zz")) return bare(server, method, path);
        var builder = HttpRequest.newBuilder(URI.create(server + path))
            .method(method, body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofByteArray(body));
        headers.forEach((name, value) -> { if (value != null) builder.header(name, (String) value); });
        var response = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build().send(builder.build(), BodyHandlers.ofString());
        var found = new LinkedHashMap<String, String>();
        response.headers().map().forEach((name, values) -> found.put(name.toLowerCase(), String.join(", ", values)));
        return new Answer(response.statusCode(), found, response.body());
    }

    /** What java.net.http never sends: neither a length nor chunks, or a path with a malformed escape. */
    private static Answer bare(String server, String method, String path) throws IOException {
        var uri = URI.create(server);
        try (var socket = new Socket(uri.getHost(), uri.getPort())) {
            socket.getOutputStream().write((method + " " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: application/json\r\nAccept: application/json\r\n\r\n").getBytes(StandardCharsets.UTF_8));
            var text = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            var parts = text.split("\r\n\r\n", 2);
            var headers = new LinkedHashMap<String, String>();
            for (var line : parts[0].split("\r\n")) {
                var colon = line.indexOf(": ");
                if (colon > 0) headers.put(line.substring(0, colon).toLowerCase(), line.substring(colon + 2));
            }
            return new Answer(Integer.parseInt(text.split(" ")[1]), headers, parts[1]);
        }
    }

    private static String problem(Object expected, Answer answer) throws IOException {
        if (((Number) Json.at(expected, "status")).intValue() != answer.status()) return "status " + answer.status() + ": " + answer.body();
        if (Json.at(expected, "headers") instanceof Map<?, ?> headers) {
            for (var header : headers.entrySet()) {
                var found = answer.headers().get((String) header.getKey());
                if (!header.getValue().equals(found)) return header.getKey() + ": " + found;
            }
        }
        if (Json.at(expected, "body") instanceof String body && !body.equals(answer.body())) return "body " + answer.body();
        if (Json.at(expected, "id") instanceof String id && !answer.body().contains("\"id\":" + id + ",")) return "no ID " + id + " in " + answer.body();
        if (((Map<?, ?>) expected).containsKey("json")) return Matching.difference(Json.at(expected, "json"), Json.parse(answer.body()), "body");
        return Json.at(expected, "events") instanceof List<?> events ? eventsProblem(events, answer) : null;
    }

    private static String eventsProblem(List<?> expected, Answer answer) throws IOException {
        var found = events(answer);
        if (found.size() != expected.size()) return found.size() + " events, not " + expected.size();
        for (var index = 0; index < found.size(); index++) {
            var wanted = (Map<?, ?>) expected.get(index);
            var event = found.get(index);
            var id = wanted.containsKey("id") ? Matching.difference(wanted.get("id"), event.id().isEmpty() ? null : event.id(), "id") : null;
            if (id != null) return id;
            if (wanted.get("raw") instanceof String raw && !event.data().contains(raw)) return "no " + raw;
            var message = Matching.difference(wanted.get("message"), Json.parse(event.data()), "event");
            if (message != null) return message;
        }
        return null;
    }

    private static List<EventReader.Event> events(Answer answer) throws IOException {
        if (answer.headers().getOrDefault("content-type", "").startsWith("text/event-stream")) return events(new EventReader(new ByteArrayInputStream(answer.body().getBytes(StandardCharsets.UTF_8))));
        return answer.body().lines().filter(line -> !line.isBlank()).map(line -> new EventReader.Event("", line)).toList();
    }

    private static List<EventReader.Event> events(EventReader reader) throws IOException {
        var found = new ArrayList<EventReader.Event>();
        for (var event = reader.next(); event.isPresent(); event = reader.next()) found.add(event.get());
        return found;
    }

    // --- Jobs ---

    private static void job() {
        var job = TallyClient.id(tally.submit("plays.csv", output(), Map.of()));
        var last = tally.await(job, status -> {});
        check("the last status", "succeeded".equals(Json.at(last, "state")), last);
        var answer = new ByteArrayOutputStream();
        var bytes = tally.download(job, answer);
        check("the answer", answer.toString(StandardCharsets.UTF_8).startsWith(HEADER) && bytes == ((Number) Json.at(last, "result", "bytes")).longValue(), answer);
    }

    private static void fileIsUploaded() {
        var name = "up loads/java-" + System.nanoTime() + " é+%.csv";
        var text = "k,n\na,1\nb,2\na,3\n";
        var file = tally.upload(name, HttpRequest.BodyPublishers.ofString(text), false);
        check("an uploaded file", name.equals(Json.at(file, "name")) && ((Number) Json.at(file, "bytes")).intValue() == text.length(), file);
        var sums = Map.of("groupBy", List.of("k"), "aggregates", List.of(Map.of("function", "sum", "column", "n")));
        var job = TallyClient.id(tally.submit(name, null, sums));
        tally.await(job, status -> {});
        var answer = new ByteArrayOutputStream();
        tally.download(job, answer);
        check("its answer", answer.toString(StandardCharsets.UTF_8).equals("k,sum(n)\na,4\nb,2\n"), answer);
        try {
            check("a name that is taken", false, tally.upload(name, HttpRequest.BodyPublishers.ofString("other"), false));
        } catch (RemoteException error) {
            check("a name that is taken", error.reason.equals("FILE_EXISTS"), error);
        }
        check("a file that is replaced", Boolean.TRUE.equals(Json.at(tally.upload(name, HttpRequest.BodyPublishers.ofString("k\n"), true), "replaced")), name);
    }

    private static void jobWithoutAnOutput() {
        var job = TallyClient.id(tally.submit("plays.csv", null, Map.of()));
        var last = tally.await(job, status -> {});
        check("no output", "succeeded".equals(Json.at(last, "state")) && Json.at(last, "output") == null, last);
        var answer = new ByteArrayOutputStream();
        tally.download(job, answer);
        check("its answer", answer.toString(StandardCharsets.UTF_8).startsWith(HEADER), answer);
    }

    private static void errorsBatchesAndCancellation() {
        var waiting = TallyClient.id(tally.submit("plays.csv", output(), LATER));
        var results = tally.batch(List.of(new TallyClient.Call("getStatus", Map.of("jobId", waiting)), new TallyClient.Call("getStatus", Map.of("jobId", "none"))));
        check("a batch", "waiting".equals(Json.at(results.get(0), "state")) && results.get(1) instanceof RemoteException error && error.reason.equals("JOB_NOT_FOUND"), results);
        try {
            check("a deadline", false, tally.call("streamProgress", Map.of("jobId", waiting, "waitMs", 20_000), Duration.ofMillis(200)));
        } catch (TallyException error) {
            check("a deadline", error instanceof DeadlineException || error instanceof RemoteException remote && remote.status.equals("DEADLINE_EXCEEDED"), error);
        }
        check("a cancellation", "cancelled".equals(Json.at(tally.cancel(waiting), "state")), waiting);
        try {
            check("an input that isn't there", false, tally.submit("none.csv", output(), Map.of()));
        } catch (RemoteException error) {
            check("an input that isn't there", error.reason.equals("INPUT_NOT_FOUND"), error);
        }
        try {
            check("nobody there", false, new TallyClient("http://127.0.0.1:1", null, Duration.ofMillis(300)).status("x"));
        } catch (ConnectionException error) {
            check("nobody there", true, error);
        }
    }

    private static void eventsAreTheSameHoweverTheyAreSplit() throws IOException {
        var text = "retry: 5\r\n\r\nid: a.1.2\r\ndata: {\"x\":\r\ndata: 1}\r\n\r\n: beat\n\ndata:2\n\ndata: lost".getBytes(StandardCharsets.UTF_8);
        var expected = List.of(new EventReader.Event("a.1.2", "{\"x\":\n1}"), new EventReader.Event("", "2"));
        for (var cut = 0; cut <= text.length; cut++) {
            var found = events(new EventReader(new SequenceInputStream(new ByteArrayInputStream(text, 0, cut), new ByteArrayInputStream(text, cut, text.length - cut))));
            check("events cut at " + cut, found.equals(expected), found);
        }
    }

    private static void aStreamThatIsCutAnywhereGoesOn() throws IOException {
        var job = TallyClient.id(tally.submit("plays.csv", output(), Map.of()));
        var last = tally.await(job, status -> {});
        for (var cut = 0; cut < 1_200; cut += 7) {
            try (var proxy = proxy(cut)) {
                var events = new ArrayList<>();
                var found = new TallyClient("http://127.0.0.1:" + proxy.getLocalPort()).await(job, events::add);
                check("a stream cut after " + cut + " bytes", events.isEmpty() && found.equals(last), found);
            }
        }
    }

    /** Passes connections on to the server, and cuts the first one after so many bytes of the answer. */
    private static ServerSocket proxy(int cut) throws IOException {
        var listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        var thread = new Thread(() -> {
            for (var left = cut; ; left = Integer.MAX_VALUE) {
                try {
                    var client = listener.accept();
                    var server = new Socket(URI.create(SERVER).getHost(), URI.create(SERVER).getPort());
                    var bytes = left;
                    new Thread(() -> copy(client, server, Integer.MAX_VALUE)).start();
                    new Thread(() -> copy(server, client, bytes)).start();
                } catch (IOException error) {
                    return;
                }
            }
        });
        thread.setDaemon(true);
        thread.start();
        return listener;
    }

    private static void copy(Socket from, Socket to, int left) {
        try (from; to) {
            var buffer = new byte[4096];
            for (var count = from.getInputStream().read(buffer); count >= 0 && left > 0; count = left > 0 ? from.getInputStream().read(buffer) : -1) {
                to.getOutputStream().write(buffer, 0, Math.min(count, left));
                left -= count;
            }
        } catch (IOException error) {
            // One end has gone.
        }
    }
}
