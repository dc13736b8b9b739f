package tally;

import java.io.IOException;
import java.io.OutputStream;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;

/** A job's answer, whose transfer goes on where it stopped when the connection breaks, or is silent for too long. */
final class Download {
    private final TallyClient client;
    private final String path;
    private final OutputStream to;
    private final Instant end;
    private final Transfer transfer = new Transfer();
    private long count;
    /** Of the answer whose first bytes have come. */
    private String tag = "";

    /** @param end after which it is given up; null: never */
    Download(TallyClient client, String job, OutputStream to, Instant end) {
        this.client = client;
        this.path = "/results/" + Protocol.encoded(job);
        this.to = to;
        this.end = end;
    }

    long run() {
        Instant since = null;
        for (var failures = 0;;) {
            var before = count;
            try {
                once();
                return count;
            } catch (TallyException error) {
                transfer.drop();
                if (since == null || count > before) {
                    since = Instant.now();
                    failures = 0;
                }
                if (!error.mayPass() || count > 0 && tag.isEmpty() || Thread.currentThread().isInterrupted()
                    || Duration.between(since, Instant.now()).compareTo(Protocol.RECONNECT) > 0) throw error;
                transfer.pause(Protocol.pause(error, ++failures), end);
            }
        }
    }

    private void once() {
        var request = client.request(path).GET();
        if (count > 0) request.header("Range", "bytes=" + count + "-").header("If-Range", tag);
        var response = client.open(request, transfer, end);
        try (var body = response.body()) {
            if (response.statusCode() != 200 && response.statusCode() != 206) Protocol.result(Json.parse(new String(body.readAllBytes(), StandardCharsets.UTF_8)));
            if (count > 0 && response.statusCode() != 206) throw new ProtocolException("the answer has changed while it was downloaded; begin again");
            tag = response.headers().firstValue("ETag").orElse("");
            copy(body);
        } catch (HttpTimeoutException error) {
            throw client.late(error);
        } catch (IOException error) {
            throw client.failed(error);
        }
    }

    private void copy(BodyStream body) throws IOException {
        var buffer = new byte[1 << 16];
        for (var read = body.read(buffer); read >= 0; read = body.read(buffer)) {
            try {
                to.write(buffer, 0, read);
            } catch (IOException error) {
                // Not the connection's: it can't be written.
                throw new java.io.UncheckedIOException(error);
            }
            count += read;
        }
    }
}
