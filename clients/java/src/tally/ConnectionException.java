package tally;

/** The server can't be reached, or the connection broke before the answer had come. */
public final class ConnectionException extends TallyException {
    ConnectionException(String message, Throwable cause) { super(message, cause); }

    @Override boolean mayPass() { return true; }
}
