package tally;

import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * A client of one Tally server, for any number of threads: JSON-RPC 2.0 over HTTP, by the standard library alone.
 *
 * <pre>{@code
 * var tally = new TallyClient("http://127.0.0.1:8000");
 * var job = tally.submit("plays.csv", "sums.csv", Map.of());
 * var last = tally.await(TallyClient.id(job), status -> System.out.println(Json.at(status, "progress", "rows")));
 * }</pre>
 */
public final class TallyClient {
    /** One call of a batch. */
    public record Call(String method, Map<String, ?> parameters) {}

    private final String server;
    private final String token;
    private final Duration timeout;
    private final HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(Duration.ofSeconds(5)).build();

    public TallyClient(String server) { this(server, null, Duration.ofSeconds(30)); }

    /**
     * @param token that the server asks for; null: none
     * @param timeout of calls that have none of their own
     */
    public TallyClient(String server, String token, Duration timeout) {
        this.server = Protocol.server(server);
        this.token = token;
        this.timeout = timeout;
    }

    /** Calls a method and returns its result; what may be repeated is sent again while the server is away. */
    public Object call(String method, Map<String, ?> parameters) { return call(method, parameters, timeout); }

    /** @param timeout which both ends enforce */
    public Object call(String method, Map<String, ?> parameters, Duration timeout) {
        var keyed = Protocol.keyed(method, parameters);
        return repeating(Protocol.mayRepeat(method, keyed), timeout, left -> Protocol.result(ask(Protocol.call(1, method, keyed), left)));
    }

    /** Calls methods in one request; returns their results in order, a {@link RemoteException} in the place of one that failed. */
    public List<Object> batch(List<Call> calls) {
        var messages = new ArrayList<Object>();
        var repeats = true;
        for (var call : calls) {
            var keyed = Protocol.keyed(call.method(), call.parameters());
            repeats &= Protocol.mayRepeat(call.method(), keyed);
            messages.add(Protocol.call(messages.size(), call.method(), keyed));
        }
        return repeating(repeats, timeout, left -> Protocol.batchResults(calls.size(), ask(messages, left)));
    }

    /** Calls a stream method. Nothing is sent before its first item is asked for. */
    public TallyStream stream(String method, Map<String, ?> parameters) { return new TallyStream(this, Protocol.call(1, method, parameters), null); }

    // --- Jobs ---

    /** Submits a job; the specification as in docs/protocol.md: groupBy, aggregates, where, idempotencyKey, … Without an output
     * (null), the result is only downloaded. */
    public Object submit(String input, String output, Map<String, ?> specification) {
        var parameters = new LinkedHashMap<String, Object>(specification);
        parameters.put("input", input);
        if (output != null) parameters.put("output", output);
        return call("submitJob", parameters);
    }

    public Object status(String job) { return call("getStatus", Map.of("jobId", job)); }

    /** Asks for a job's end; {@link #await} tells when its work has stopped. */
    public Object cancel(String job) { return call("cancelJob", Map.of("jobId", job)); }

    /** Waits for a job's end, and returns its last status; progress is told of every change. */
    public Object await(String job, Consumer<Object> progress) { return await(job, progress, null); }

    /**
     * @param timeout of the waiting, never of the job; null: as long as it takes
     * @throws DeadlineException when the job hasn't ended by then
     */
    public Object await(String job, Consumer<Object> progress, Duration timeout) {
        try (var stream = new TallyStream(this, Protocol.call(1, "streamProgress", Map.of("jobId", job)), end(timeout))) {
            while (true) {
                var item = stream.next();
                if (item.isResult()) return item.value();
                progress.accept(Json.at(item.value(), "status"));
            }
        }
    }

    /** Writes a job's answer; returns its bytes. A connection that breaks, or is silent for too long, goes on where it stopped. */
    public long download(String job, OutputStream to) { return download(job, to, null); }

    /** @param timeout of all of it; null: as long as it takes */
    public long download(String job, OutputStream to, Duration timeout) { return new Download(this, job, to, end(timeout)).run(); }

    /**
     * Sends a file to the server's data folder, where jobs read it by that name; returns what the server has: name, bytes, sha256,
     * replaced. It appears when all of it has come; a name that is taken is refused, unless it is to be replaced. It isn't sent
     * again when the connection breaks: nothing is kept then.
     *
     * @param content such as {@code BodyPublishers.ofFile(path)}
     */
    public Object upload(String name, HttpRequest.BodyPublisher content, boolean replace) { return upload(name, content, replace, null); }

    /** @param timeout of the whole upload; null: as long as it takes */
    public Object upload(String name, HttpRequest.BodyPublisher content, boolean replace, Duration timeout) {
        var path = new StringBuilder("/files");
        for (var part : name.split("/", -1)) path.append('/').append(URLEncoder.encode(part, StandardCharsets.UTF_8).replace("+", "%20"));
        var request = request(path.toString()).header("Accept", "application/json").header("Content-Type", "application/octet-stream")
            .header(replace ? "If-Match" : "If-None-Match", "*").PUT(content);
        if (timeout != null) request.timeout(timeout);
        try {
            var response = http.send(request.build(), HttpResponse.BodyHandlers.ofString());
            var answer = Json.parse(response.body());
            return response.statusCode() == 200 || response.statusCode() == 201 ? answer : Protocol.result(answer);
        } catch (InterruptedException error) {
            Thread.currentThread().interrupt();
            throw new ConnectionException("interrupted", error);
        } catch (HttpConnectTimeoutException error) {
            throw failed(error);
        } catch (HttpTimeoutException error) {
            throw late(error);
        } catch (IOException error) {
            throw failed(error);
        }
    }

    private static Instant end(Duration timeout) { return timeout == null ? null : Instant.now().plus(timeout); }

    /** The ID in a job's status. */
    public static String id(Object status) { return (String) Json.at(status, "jobId"); }

    // --- HTTP ---

    /** A stream's body. */
    BodyStream open(Object message, String cursor, Transfer transfer, Instant end) {
        var request = request("/rpc").header("Content-Type", "application/json").header("Accept", "text/event-stream")
            .POST(BodyPublishers.ofString(Json.write(message)));
        if (!cursor.isEmpty()) request.header("Last-Event-ID", cursor);
        var response = open(request, transfer, end);
        if (response.headers().firstValue("Content-Type").orElse("").startsWith("text/event-stream")) return response.body();
        try (var body = response.body()) {
            Protocol.result(Json.parse(new String(body.readAllBytes(), StandardCharsets.UTF_8)));
        } catch (IOException error) {
            throw failed(error);
        }
        throw new ProtocolException("the answer is no stream");
    }

    /** A response whose body comes by and by. */
    HttpResponse<BodyStream> open(HttpRequest.Builder request, Transfer transfer, Instant end) { return open(request, transfer, end, Protocol.silence); }

    /** @param silence that the other end may keep */
    private HttpResponse<BodyStream> open(HttpRequest.Builder request, Transfer transfer, Instant end, Duration silence) {
        var left = end == null ? silence : Duration.between(Instant.now(), end);
        if (left.isNegative() || left.isZero()) throw late(null);
        var isDeadline = left.compareTo(silence) <= 0;
        var opening = http.sendAsync(request.timeout(isDeadline ? left : silence).build(), head -> new BodyStream(silence, end));
        transfer.opens(opening);
        try {
            var response = opening.get();
            transfer.reads(response.body());
            return response;
        } catch (InterruptedException error) {
            opening.cancel(true);
            Thread.currentThread().interrupt();
            throw new ConnectionException("interrupted", error);
        } catch (CancellationException error) {
            throw new ConnectionException("closed", error);
        } catch (ExecutionException error) {
            // A stream has no deadline but its caller's: otherwise it was silent for too long.
            if (error.getCause() instanceof HttpTimeoutException timeout && isDeadline && !(timeout instanceof HttpConnectTimeoutException)) throw late(timeout);
            throw failed(error.getCause() instanceof IOException cause ? cause : new IOException(error.getCause()));
        }
    }

    private Object ask(Object message, Duration left) {
        var request = request("/rpc").header("Content-Type", "application/json").header("Accept", "application/json")
            .header("Tally-Timeout-Ms", String.valueOf(Math.max(1, left.toMillis())))
            .POST(BodyPublishers.ofString(Json.write(message)));
        // The server answers at the deadline; the little more is for its answer's way. It holds for the body too.
        var end = Instant.now().plus(left).plusMillis(500);
        try (var body = open(request, new Transfer(), end, left.plusMillis(500)).body()) {
            return Json.parse(new String(body.readAllBytes(), StandardCharsets.UTF_8));
        } catch (HttpTimeoutException error) {
            throw late(error);
        } catch (IOException error) {
            throw failed(error);
        }
    }

    HttpRequest.Builder request(String path) {
        var request = HttpRequest.newBuilder(URI.create(server + path));
        return token == null ? request : request.header("Authorization", "Bearer " + token);
    }

    DeadlineException late(HttpTimeoutException error) { return new DeadlineException(server + " didn't answer in time", error); }

    ConnectionException failed(IOException error) {
        return new ConnectionException(server + ": " + (error.getMessage() == null ? error.getClass().getSimpleName() : error.getMessage()), error);
    }

    private <T> T repeating(boolean repeats, Duration timeout, Function<Duration, T> body) {
        var end = Instant.now().plus(timeout);
        for (var attempt = 1;; attempt++) {
            try {
                return body.apply(Duration.between(Instant.now(), end));
            } catch (TallyException error) {
                var pause = Protocol.pause(error, attempt);
                if (!repeats || !error.mayPass() || Thread.currentThread().isInterrupted() || Instant.now().plus(pause).isAfter(end)) throw error;
                sleep(pause);
            }
        }
    }

    private static void sleep(Duration pause) {
        try {
            Thread.sleep(pause.toMillis());
        } catch (InterruptedException error) {
            Thread.currentThread().interrupt();
            throw new ConnectionException("interrupted", error);
        }
    }
}
