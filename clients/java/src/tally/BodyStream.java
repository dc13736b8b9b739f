package tally;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * A response's body as it comes, of which one piece waits at the most. Whoever waits for the next is woken by an interrupt, by
 * {@link #close}, by silence that is too long, and by a deadline: the standard library's own stream knows none of these
 * (JDK-8294047).
 */
final class BodyStream extends InputStream implements HttpResponse.BodySubscriber<BodyStream> {
    private static final Object END = new Object();

    private final BlockingQueue<Object> arrived = new LinkedBlockingQueue<>();
    private final ArrayDeque<ByteBuffer> pieces = new ArrayDeque<>();
    private final Duration silence;
    private final Instant end;
    private volatile Flow.Subscription subscription;
    private volatile boolean isClosed;

    /** @param end after which nothing is waited for; null: never */
    BodyStream(Duration silence, Instant end) {
        this.silence = silence;
        this.end = end;
    }

    /** Readable at once, before anything has come. */
    @Override public CompletionStage<BodyStream> getBody() { return CompletableFuture.completedFuture(this); }

    @Override public void onSubscribe(Flow.Subscription subscription) {
        this.subscription = subscription;
        if (isClosed) subscription.cancel(); else subscription.request(1);
    }

    @Override public void onNext(List<ByteBuffer> item) { arrived.add(item); }

    @Override public void onError(Throwable error) { arrived.add(error); }

    @Override public void onComplete() { arrived.add(END); }

    @Override public int read() throws IOException {
        var one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override public int read(byte[] into, int offset, int length) throws IOException {
        if (length == 0) return 0;
        while (pieces.isEmpty() || !pieces.peek().hasRemaining()) {
            if (pieces.poll() == null && !take()) return -1;
        }
        var count = Math.min(length, pieces.peek().remaining());
        pieces.peek().get(into, offset, count);
        return count;
    }

    /** Waits for the next pieces; false: there are no more. */
    private boolean take() throws IOException {
        if (isClosed) throw new IOException("closed");
        var next = next();
        if (next instanceof List<?> list) {
            for (var piece : list) pieces.add((ByteBuffer) piece);
            subscription.request(1);
            return true;
        }
        // It stays the last word.
        arrived.add(next);
        if (isClosed) throw new IOException("closed");
        if (next instanceof Throwable error) throw new IOException(error.getMessage() == null ? error.toString() : error.getMessage(), error);
        return false;
    }

    private Object next() throws IOException {
        var left = end == null ? silence : Duration.between(Instant.now(), end);
        var isDeadline = end != null && left.compareTo(silence) <= 0;
        try {
            var next = arrived.poll(Math.max(0, (isDeadline ? left : silence).toMillis()), TimeUnit.MILLISECONDS);
            if (next != null) return next;
        } catch (InterruptedException error) {
            close();
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted");
        }
        close();
        if (isDeadline) throw new HttpTimeoutException("no answer in time");
        throw new IOException("no byte in " + silence.toMillis() + " ms");
    }

    /** From any thread. */
    @Override public void close() {
        isClosed = true;
        var open = subscription;
        if (open != null) open.cancel();
        arrived.add(END);
    }
}
