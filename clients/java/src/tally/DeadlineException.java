package tally;

/** No answer came within the call's timeout. */
public final class DeadlineException extends TallyException {
    DeadlineException(String message, Throwable cause) { super(message, cause); }
}
