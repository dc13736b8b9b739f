package tally;

/** No answer came within the call's timeout, whichever end has noticed it first; the server's own error is the cause. */
public final class DeadlineException extends TallyException {
    DeadlineException(String message, Throwable cause) { super(message, cause); }
}
