package tally;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandler;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
        this.server = server.replaceAll("/+$", "");
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
    public TallyStream stream(String method, Map<String, ?> parameters) { return new TallyStream(this, Protocol.call(1, method, parameters)); }

    // --- Jobs ---

    /** Submits a job; the specification as in docs/protocol.md: groupBy, aggregates, where, idempotencyKey, … */
    public Object submit(String input, String output, Map<String, ?> specification) {
        var parameters = new LinkedHashMap<String, Object>(specification);
        parameters.put("input", input);
        parameters.put("output", output);
        return call("submitJob", parameters);
    }

    public Object status(String job) { return call("getStatus", Map.of("jobId", job)); }

    /** Asks for a job's end; {@link #await} tells when its work has stopped. */
    public Object cancel(String job) { return call("cancelJob", Map.of("jobId", job)); }

    /** Waits for a job's end, and returns its last status; progress is told of every change. */
    public Object await(String job, java.util.function.Consumer<Object> progress) {
        try (var stream = stream("streamProgress", Map.of("jobId", job))) {
            while (true) {
                var item = stream.next();
                if (item.isResult()) return item.value();
                progress.accept(Json.at(item.value(), "status"));
            }
        }
    }

    /** Writes a job's answer; returns its bytes. */
    public long download(String job, OutputStream to) {
        var response = send(request("/results/" + job).GET(), BodyHandlers.ofInputStream());
        try (var body = response.body()) {
            if (response.statusCode() != 200) Protocol.result(Json.parse(new String(body.readAllBytes(), StandardCharsets.UTF_8)));
            var buffer = new byte[1 << 16];
            for (var total = 0L;;) {
                var count = read(body, buffer);
                if (count < 0) return total;
                to.write(buffer, 0, count);
                total += count;
            }
        } catch (IOException error) {
            // Not the connection's: it can't be written.
            throw new java.io.UncheckedIOException(error);
        }
    }

    private int read(InputStream body, byte[] buffer) {
        try {
            return body.read(buffer);
        } catch (IOException error) {
            throw failed(error);
        }
    }

    /** The ID in a job's status. */
    public static String id(Object status) { return (String) Json.at(status, "jobId"); }

    // --- HTTP ---

    /** A stream's body. */
    InputStream open(Object message, String cursor) {
        var request = request("/rpc").header("Content-Type", "application/json").header("Accept", "text/event-stream").timeout(Protocol.SILENCE)
            .POST(BodyPublishers.ofString(Json.write(message)));
        if (!cursor.isEmpty()) request.header("Last-Event-ID", cursor);
        HttpResponse<InputStream> response;
        try {
            response = send(request, BodyHandlers.ofInputStream());
        } catch (DeadlineException error) {
            // A stream has no deadline: it was silent for too long.
            throw new ConnectionException(error.getMessage(), error);
        }
        if (response.headers().firstValue("Content-Type").orElse("").startsWith("text/event-stream")) return response.body();
        try (var body = response.body()) {
            Protocol.result(Json.parse(new String(body.readAllBytes(), StandardCharsets.UTF_8)));
        } catch (IOException error) {
            throw failed(error);
        }
        throw new ProtocolException("the answer is no stream");
    }

    private Object ask(Object message, Duration left) {
        var request = request("/rpc").header("Content-Type", "application/json").header("Accept", "application/json")
            .header("Tally-Timeout-Ms", String.valueOf(Math.max(1, left.toMillis())))
            // The server answers at the deadline; the little more is for its answer's way.
            .timeout(left.plusMillis(500)).POST(BodyPublishers.ofString(Json.write(message)));
        return Json.parse(send(request, BodyHandlers.ofString()).body());
    }

    private HttpRequest.Builder request(String path) {
        var request = HttpRequest.newBuilder(URI.create(server + path));
        return token == null ? request : request.header("Authorization", "Bearer " + token);
    }

    private <T> HttpResponse<T> send(HttpRequest.Builder request, BodyHandler<T> body) {
        try {
            return http.send(request.build(), body);
        } catch (HttpTimeoutException error) {
            if (error instanceof java.net.http.HttpConnectTimeoutException) throw failed(error);
            throw new DeadlineException(server + " didn't answer in time", error);
        } catch (IOException error) {
            throw failed(error);
        } catch (InterruptedException error) {
            Thread.currentThread().interrupt();
            throw new ConnectionException("interrupted", error);
        }
    }

    private ConnectionException failed(IOException error) {
        return new ConnectionException(server + ": " + (error.getMessage() == null ? error.getClass().getSimpleName() : error.getMessage()), error);
    }

    private <T> T repeating(boolean repeats, Duration timeout, Function<Duration, T> body) {
        var end = Instant.now().plus(timeout);
        for (var attempt = 1;; attempt++) {
            try {
                return body.apply(Duration.between(Instant.now(), end));
            } catch (TallyException error) {
                var pause = Protocol.pause(error, attempt);
                if (!repeats || !error.mayPass() || Thread.currentThread().isInterrupted() || attempt == Protocol.ATTEMPTS || Instant.now().plus(pause).isAfter(end)) throw error;
                sleep(pause);
            }
        }
    }

    static void sleep(Duration pause) {
        try {
            Thread.sleep(pause.toMillis());
        } catch (InterruptedException error) {
            Thread.currentThread().interrupt();
            throw new DeadlineException("interrupted", error);
        }
    }
}
