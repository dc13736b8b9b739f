package tally;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;

/** The protocol without I/O: requests, answers, and when a call is sent again. */
final class Protocol {
    /** For which a broken stream or download tries to come back. */
    static final Duration RECONNECT = Duration.ofSeconds(30);

    /** Without a byte, after which the other end of a stream or download counts as gone: three of the server's heartbeats. Tests have less. */
    static volatile Duration silence = Duration.ofSeconds(45);
    /** A connection that has stood so long ends a row of failures, though nothing may have happened that it could tell. */
    static final Duration STEADY = Duration.ofSeconds(5);

    // Calling them twice is as calling them once; submitJob is repeatable by its key. Written by clients/methods.py.
    private static final Set<String> REPEATABLE = Set.of(
        "cancelJob", "deleteJob", "describeInput", "getResult", "getStatus", "listEvents", "listInputs", "listJobs",
        "rpc.discover", "rpc.stats", "streamProgress", "watchJobs");

    private Protocol() {}

    static Map<String, Object> call(int id, String method, Map<String, ?> parameters) {
        var message = new LinkedHashMap<String, Object>();
        message.put("jsonrpc", "2.0");
        message.put("id", id);
        message.put("method", method);
        message.put("params", parameters);
        return message;
    }

    /** A submission gets an idempotency key, so that it may be repeated. */
    static Map<String, ?> keyed(String method, Map<String, ?> parameters) {
        if (!method.equals("submitJob") || parameters.get("idempotencyKey") != null) return parameters;
        var copy = new LinkedHashMap<String, Object>(parameters);
        copy.put("idempotencyKey", UUID.randomUUID().toString());
        return copy;
    }

    static boolean mayRepeat(String method, Map<String, ?> parameters) {
        return REPEATABLE.contains(method) || method.equals("submitJob") && parameters.get("idempotencyKey") != null;
    }

    /** A response's result. */
    static Object result(Object response) {
        if (!(response instanceof Map<?, ?> map) || !"2.0".equals(map.get("jsonrpc")) || map.containsKey("result") == map.containsKey("error")) {
            throw new ProtocolException("no JSON-RPC response");
        }
        if (map.containsKey("error")) throw failure(new RemoteException(map.get("error")));
        return map.get("result");
    }

    /** A deadline is one class, whichever end has noticed it first. */
    private static TallyException failure(RemoteException error) {
        return error.status.equals("DEADLINE_EXCEEDED") ? new DeadlineException(error.getMessage(), error) : error;
    }

    /** A part of a URL's path (RFC 3986, section 2.3). */
    static String encoded(String part) {
        var out = new StringBuilder();
        for (var b : part.getBytes(StandardCharsets.UTF_8)) {
            var isPlain = b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || b > 0 && "-._~".indexOf(b) >= 0;
            out.append(isPlain ? String.valueOf((char) b) : String.format("%%%02X", b & 0xFF));
        }
        return out.toString();
    }

    /** A server's URL without the slashes at its end. */
    static String server(String url) {
        URI parsed;
        try {
            parsed = new URI(url);
        } catch (URISyntaxException error) {
            throw new IllegalArgumentException("'" + url + "' is no server's URL, as http://127.0.0.1:8000 is", error);
        }
        if (!"http".equals(parsed.getScheme()) && !"https".equals(parsed.getScheme()) || parsed.getHost() == null) {
            throw new IllegalArgumentException("'" + url + "' is no server's URL, as http://127.0.0.1:8000 is");
        }
        if (parsed.getRawQuery() != null || parsed.getRawFragment() != null) {
            throw new IllegalArgumentException("'" + url + "' has a query or a fragment, which a server's URL can't have");
        }
        if (parsed.getRawUserInfo() != null) throw new IllegalArgumentException("a server's URL holds no user name and no password: give the token");
        return url.replaceAll("/+$", "");
    }

    /** The results of a batch in the order of its calls; a RemoteException stands for the call that it belongs to. */
    static List<Object> batchResults(int count, Object responses) {
        if (!(responses instanceof List<?> list)) {
            result(responses);
            throw new ProtocolException("a batch was answered by one result");
        }
        var byID = new HashMap<String, Object>();
        for (var response : list) byID.put(String.valueOf(Json.at(response, "id")), response);
        var results = new ArrayList<Object>();
        for (var id = 0; id < count; id++) {
            if (!byID.containsKey(String.valueOf(id)) || byID.size() != count) throw new ProtocolException("a batch's answers aren't those of its calls");
            try {
                results.add(result(byID.get(String.valueOf(id))));
            } catch (DeadlineException error) {
                results.add(error.getCause());
            } catch (RemoteException error) {
                results.add(error);
            }
        }
        return results;
    }

    /** Before the next attempt: doubling, with jitter, and not before the server wants it. */
    static Duration pause(TallyException error, int attempt) {
        var wait = Math.min(100L << Math.min(attempt - 1, 16), 5_000) * ThreadLocalRandom.current().nextDouble(0.5, 1);
        var wanted = error instanceof RemoteException remote ? remote.retryAfter.toMillis() : 0;
        return Duration.ofMillis(Math.max((long) wait, wanted));
    }
}
