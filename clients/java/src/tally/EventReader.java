package tally;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** Reads server-sent events (WHATWG HTML, section 9.2). */
final class EventReader {
    /** An event; its own ID, empty where it has none. */
    record Event(String id, String data) {}

    private static final int LINE_MOST = 16 << 20;
    private final BufferedInputStream in;
    private boolean isAfterCR;

    EventReader(InputStream in) { this.in = new BufferedInputStream(in); }

    /** The next event; empty at the stream's end. What isn't ended by a blank line is no event. */
    Optional<Event> next() throws IOException {
        StringBuilder data = null;
        var id = "";
        for (var line = line(); line != null; line = line()) {
            if (line.isEmpty()) {
                if (data != null) return Optional.of(new Event(id, data.toString()));
                id = "";
                continue;
            }
            var colon = line.indexOf(':');
            var name = colon < 0 ? line : line.substring(0, colon);
            var value = colon < 0 ? "" : line.substring(colon + 1);
            if (value.startsWith(" ")) value = value.substring(1);
            if (name.equals("data")) data = data == null ? new StringBuilder(value) : data.append('\n').append(value);
            if (name.equals("id") && value.indexOf('\0') < 0) id = value;
        }
        return Optional.empty();
    }

    /** A line ends by LF, CR LF, or CR; null at the end. */
    private String line() throws IOException {
        var bytes = new ByteArrayOutputStream();
        for (var b = in.read(); b >= 0; b = in.read()) {
            var wasAfterCR = isAfterCR;
            isAfterCR = b == '\r';
            if (b == '\n' && wasAfterCR) continue;
            if (b == '\n' || b == '\r') return bytes.toString(StandardCharsets.UTF_8);
            bytes.write(b);
            if (bytes.size() > LINE_MOST) throw new ProtocolException("a line of the stream is longer than " + LINE_MOST + " bytes");
        }
        return null;
    }
}
