package tally;

import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Compares values with those of a vector, as clients/vectors/README.md says. */
final class Matching {
    private Matching() {}

    /** What is wrong; null: nothing. */
    static String difference(Object expected, Object found, String where) {
        if (expected instanceof String kind && kind.matches("<[a-z0-9]+>")) return is(kind, found) ? null : where + ": " + found + " is no " + kind;
        if (expected instanceof Map<?, ?> wanted) {
            if (!(found instanceof Map<?, ?> map)) return where + ": " + found + " is no object";
            for (var member : wanted.entrySet()) {
                if (!map.containsKey(member.getKey())) return where + ": no " + member.getKey();
                var wrong = difference(member.getValue(), map.get(member.getKey()), where + "." + member.getKey());
                if (wrong != null) return wrong;
            }
            return null;
        }
        if (expected instanceof List<?> wanted) {
            if (!(found instanceof List<?> list) || list.size() != wanted.size()) return where + ": not " + wanted.size() + " items";
            for (var index = 0; index < wanted.size(); index++) {
                var wrong = difference(wanted.get(index), list.get(index), where + "[" + index + "]");
                if (wrong != null) return wrong;
            }
            return null;
        }
        var isEqual = expected instanceof BigDecimal a && found instanceof BigDecimal b ? a.compareTo(b) == 0 : Objects.equals(expected, found);
        return isEqual ? null : where + ": " + found + " isn't " + expected;
    }

    private static boolean is(String kind, Object value) {
        return switch (kind) {
            case "<any>" -> true;
            case "<string>" -> value instanceof String;
            case "<integer>" -> value instanceof BigDecimal number && number.scale() <= 0;
            case "<time>" -> value instanceof String text && text.matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z");
            case "<sha256>" -> value instanceof String text && text.matches("[0-9a-f]{64}");
            case "<cursor>" -> value instanceof String text && text.matches("[0-9a-f-]{36}\\.\\d+\\.\\d+");
            default -> false;
        };
    }
}
