package tally;

import java.math.BigDecimal;
import java.time.Duration;
import java.util.Optional;

/** The server's error response (docs/protocol.md, "Errors"). */
public final class RemoteException extends TallyException {
    /** JSON-RPC's number. */
    public final int code;
    /** gRPC's name, such as NOT_FOUND. */
    public final String status;
    /** Such as JOB_NOT_FOUND. */
    public final String reason;
    /** The parameter that is wrong. */
    public final Optional<String> field;
    /** How long the server wants to be left alone. */
    public final Duration retryAfter;

    RemoteException(Object error) {
        super(text(error, "message") + " [" + text(error, "data", "status") + " " + text(error, "data", "reason") + "]", null);
        code = Json.at(error, "code") instanceof BigDecimal number ? number.intValue() : 0;
        status = text(error, "data", "status");
        reason = text(error, "data", "reason");
        field = Optional.ofNullable((String) Json.at(error, "data", "field"));
        retryAfter = Duration.ofMillis(Json.at(error, "data", "retryAfterMs") instanceof BigDecimal number ? number.longValue() : 0);
    }

    private static String text(Object error, String... path) { return Json.at(error, path) instanceof String text ? text : ""; }

    @Override boolean mayPass() { return status.equals("UNAVAILABLE"); }
}
