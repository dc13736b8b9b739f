package tally;

/** What came isn't what a Tally server answers. */
public final class ProtocolException extends TallyException {
    ProtocolException(String message) { super(message, null); }
}
