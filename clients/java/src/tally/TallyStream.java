package tally;

import java.io.IOException;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Iterator;

/**
 * The answer of a stream method: events, and, last and once, the result. A broken stream goes on after its last event. One thread
 * reads it; closing it ends it, and the job goes on.
 */
public final class TallyStream implements Iterator<TallyStream.Item>, AutoCloseable {
    /** An event's parameters, or the result. */
    public record Item(Object value, boolean isResult) {}

    private final TallyClient client;
    private final Map<String, Object> message;
    private String cursor = "";
    private final Instant end;
    private final Transfer transfer = new Transfer();
    private EventReader events;
    private boolean isOver;
    private Instant openedAt;

    /** @param end of the waiting; null: none */
    TallyStream(TallyClient client, Map<String, Object> message, Instant end) {
        this.client = client;
        this.message = message;
        this.end = end;
    }

    @Override public boolean hasNext() { return !isOver && !transfer.isClosed(); }

    /** @throws TallyException when the stream can't go on, or its thread is interrupted, or another thread closes it */
    @Override public Item next() {
        if (!hasNext()) throw new NoSuchElementException();
        Instant since = null;
        for (var failures = 0;;) {
            try {
                var item = receive();
                if (item != null) return item;
            } catch (TallyException error) {
                drop();
                if (transfer.isClosed()) throw new ConnectionException("the stream was closed", error);
                if (openedAt != null && Duration.between(openedAt, Instant.now()).compareTo(Protocol.STEADY) >= 0) since = null;
                if (since == null) failures = 0;
                since = since == null ? Instant.now() : since;
                if (!error.mayPass() || Thread.currentThread().isInterrupted() || Duration.between(since, Instant.now()).compareTo(Protocol.RECONNECT) > 0) {
                    isOver = true;
                    throw error;
                }
                transfer.pause(Protocol.pause(error, ++failures), end);
            }
        }
    }

    /** Ends the stream, from any thread: whoever waits for its next item gets a {@link ConnectionException}. */
    @Override public void close() { transfer.close(); }

    private void drop() {
        transfer.drop();
        events = null;
    }

    /** The next item; null: one that was told already. */
    private Item receive() {
        if (events == null) {
            openedAt = null;
            events = new EventReader(client.open(message, cursor, transfer, end));
            openedAt = Instant.now();
        }
        EventReader.Event event;
        try {
            event = events.next().orElseThrow(() -> new ConnectionException("the stream ended without its final response", null));
        } catch (HttpTimeoutException error) {
            throw new DeadlineException("the stream didn't end in time", error);
        } catch (IOException error) {
            throw new ConnectionException("the stream broke: " + error.getMessage(), error);
        }
        var found = Json.parse(event.data());
        if (Json.at(found, "method") != null) {
            if (!event.id().isEmpty() && !advances(cursor, event.id())) return null;
            if (!event.id().isEmpty()) cursor = event.id();
            return new Item(Json.at(found, "params"), false);
        }
        var result = Protocol.result(found);
        isOver = true;
        drop();
        return new Item(result, true);
    }

    /** Cursors strictly increase within a job: what a resumed stream repeats is left out. */
    private static boolean advances(String from, String to) {
        var old = from.split("\\.");
        var next = to.split("\\.");
        if (old.length != 3 || next.length != 3 || !old[0].equals(next[0])) return true;
        var epochs = Long.compare(Long.parseLong(next[1]), Long.parseLong(old[1]));
        return epochs > 0 || epochs == 0 && Long.parseLong(next[2]) > Long.parseLong(old[2]);
    }
}
