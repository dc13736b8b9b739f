package tally;

/** Any failure of a call. */
public class TallyException extends RuntimeException {
    TallyException(String message, Throwable cause) { super(message, cause); }

    /** Whether another attempt may succeed. */
    boolean mayPass() { return false; }
}
