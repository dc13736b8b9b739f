import java.util.Map;
import tally.Json;
import tally.TallyClient;

/** Submits the question of the replaced application, shows its progress, and writes the answer to standard output. */
public final class Example {
    public static void main(String[] arguments) {
        var tally = new TallyClient(arguments.length > 0 ? arguments[0] : "http://127.0.0.1:8000");
        var job = TallyClient.id(tally.submit("plays.csv", "java.csv", Map.of()));
        System.err.println(job);
        var last = tally.await(job, status -> System.err.println(Json.at(status, "state") + ": " + Json.at(status, "progress", "rows") + " rows"));
        if (!"succeeded".equals(Json.at(last, "state"))) {
            System.err.println(Json.at(last, "error", "message"));
            System.exit(1);
        }
        tally.download(job, System.out);
        System.out.flush();
    }
}
