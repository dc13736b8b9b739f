package tally;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Iterator;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

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
    private volatile InputStream body;
    private volatile EventReader events;
    private boolean isOver;
    private Instant openedAt;

    TallyStream(TallyClient client, Map<String, Object> message) {
        this.client = client;
        this.message = message;
    }

    @Override public boolean hasNext() { return !isOver; }

    /** @throws TallyException when the stream can't go on */
    @Override public Item next() {
        if (isOver) throw new NoSuchElementException();
        Instant since = null;
        for (var failures = 0;;) {
            try {
                var item = receive();
                if (item != null) return item;
            } catch (TallyException error) {
                close();
                if (openedAt != null && Duration.between(openedAt, Instant.now()).compareTo(Protocol.STEADY) >= 0) since = null;
                if (since == null) failures = 0;
                since = since == null ? Instant.now() : since;
                if (!error.mayPass() || Duration.between(since, Instant.now()).compareTo(Protocol.RECONNECT) > 0) {
                    isOver = true;
                    throw error;
                }
                TallyClient.sleep(Protocol.pause(error, ++failures));
            }
        }
    }

    @Override public void close() {
        closeBody();
        body = null;
        events = null;
    }

    /** Ends a connection that is silent for too long: reading it would wait for ever. */
    private void watch(EventReader watched) {
        CompletableFuture.delayedExecutor(Protocol.SILENCE.toMillis() / 3, TimeUnit.MILLISECONDS).execute(() -> {
            if (events != watched) return;
            if (watched.silence().compareTo(Protocol.SILENCE) > 0) closeBody(); else watch(watched);
        });
    }

    private void closeBody() {
        try {
            var open = body;
            if (open != null) open.close();
        } catch (IOException error) {
            // It is broken already.
        }
    }

    /** The next item; null: one that was told already. */
    private Item receive() {
        if (events == null) {
            openedAt = null;
            body = client.open(message, cursor);
            openedAt = Instant.now();
            events = new EventReader(body);
            watch(events);
        }
        EventReader.Event event;
        try {
            event = events.next().orElseThrow(() -> new ConnectionException("the stream ended without its final response", null));
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
        close();
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
