package tally;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** What one thread has under way, for another thread to end: a request, its body, the pause before the next. */
final class Transfer {
    private final CountDownLatch closed = new CountDownLatch(1);
    private volatile CompletableFuture<?> request;
    private volatile BodyStream body;

    boolean isClosed() { return closed.getCount() == 0; }

    void opens(CompletableFuture<?> request) {
        this.request = request;
        if (isClosed()) drop();
    }

    BodyStream reads(BodyStream body) {
        this.body = body;
        if (isClosed()) drop();
        return body;
    }

    /** Ends what is under way; more may follow. */
    void drop() {
        var request = this.request;
        if (request != null) request.cancel(true);
        var body = this.body;
        if (body != null) body.close();
    }

    /** Ends all of it, from any thread. */
    void close() {
        closed.countDown();
        drop();
    }

    /**
     * @param end after which nothing is waited for; null: never
     * @throws DeadlineException when the pause would pass it
     * @throws ConnectionException when the thread is interrupted, or the transfer closed
     */
    void pause(Duration pause, Instant end) {
        if (end != null && Instant.now().plus(pause).isAfter(end)) throw new DeadlineException("no answer in time", null);
        try {
            if (closed.await(pause.toMillis(), TimeUnit.MILLISECONDS)) throw new ConnectionException("closed", null);
        } catch (InterruptedException error) {
            Thread.currentThread().interrupt();
            throw new ConnectionException("interrupted", error);
        }
    }
}
