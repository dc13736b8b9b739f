package tally;

import java.lang.reflect.Array;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;

/**
 * JSON text (RFC 8259) to values and back: {@code Map<String, Object>}, {@code List<Object>}, {@code String}, {@code BigDecimal},
 * {@code Boolean}, {@code null}. The standard library has none of its own.
 */
public final class Json {
    private static final int DEPTH_MOST = 128;

    private final String text;
    private int at;

    private Json(String text) { this.text = text; }

    /** @throws ProtocolException where it is no JSON text */
    public static Object parse(String text) {
        var parser = new Json(text);
        var value = parser.value(0);
        parser.skipSpace();
        if (parser.at != text.length()) throw parser.wrong("text after the value");
        return value;
    }

    /**
     * Writes a value: null, booleans, numbers, texts (enumerations by their names), maps, collections and other iterables, arrays.
     *
     * @throws IllegalArgumentException for what is none of these, and for NaN and infinities
     */
    public static String write(Object value) {
        var out = new StringBuilder();
        write(value, out);
        return out.toString();
    }

    /** The value at a path of member names; null where there is none. */
    public static Object at(Object value, String... path) {
        for (var name : path) value = value instanceof Map<?, ?> map ? map.get(name) : null;
        return value;
    }

    private Object value(int depth) {
        if (depth > DEPTH_MOST) throw wrong("nested deeper than " + DEPTH_MOST);
        skipSpace();
        if (at == text.length()) throw wrong("the text ends");
        return switch (text.charAt(at)) {
            case '{' -> object(depth);
            case '[' -> array(depth);
            case '"' -> string();
            case 't' -> word("true", true);
            case 'f' -> word("false", false);
            case 'n' -> word("null", null);
            default -> number();
        };
    }

    private Map<String, Object> object(int depth) {
        var members = new LinkedHashMap<String, Object>();
        at++;
        if (follows('}')) return members;
        do {
            skipSpace();
            var name = string();
            if (!follows(':')) throw wrong("no ':'");
            members.put(name, value(depth + 1));
        } while (follows(','));
        if (!follows('}')) throw wrong("no '}'");
        return members;
    }

    private List<Object> array(int depth) {
        var items = new ArrayList<Object>();
        at++;
        if (follows(']')) return items;
        do items.add(value(depth + 1)); while (follows(','));
        if (!follows(']')) throw wrong("no ']'");
        return items;
    }

    private String string() {
        if (at == text.length() || text.charAt(at) != '"') throw wrong("no string");
        var out = new StringBuilder();
        for (at++; at < text.length(); at++) {
            var c = text.charAt(at);
            if (c == '"') {
                at++;
                return out.toString();
            }
            if (c < ' ') throw wrong("a control character");
            out.append(c == '\\' ? escape() : c);
        }
        throw wrong("the text ends");
    }

    private char escape() {
        if (++at == text.length()) throw wrong("the text ends");
        var c = text.charAt(at);
        if (c == 'u') {
            if (at + 4 >= text.length()) throw wrong("the text ends");
            at += 4;
            return (char) Integer.parseInt(text, at - 3, at + 1, 16);
        }
        var index = "\"\\/bfnrt".indexOf(c);
        if (index < 0) throw wrong("no escape");
        return "\"\\/\b\f\n\r\t".charAt(index);
    }

    private BigDecimal number() {
        var start = at;
        while (at < text.length() && "+-.0123456789eE".indexOf(text.charAt(at)) >= 0) at++;
        try {
            return new BigDecimal(text.substring(start, at));
        } catch (NumberFormatException error) {
            throw wrong("no value");
        }
    }

    private Object word(String word, Object value) {
        if (!text.startsWith(word, at)) throw wrong("no value");
        at += word.length();
        return value;
    }

    private boolean follows(char c) {
        skipSpace();
        if (at == text.length() || text.charAt(at) != c) return false;
        at++;
        return true;
    }

    private void skipSpace() {
        while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) at++;
    }

    private ProtocolException wrong(String what) { return new ProtocolException("no JSON: " + what + " at " + at); }

    private static void write(Object value, StringBuilder out) {
        if (value instanceof Map<?, ?> map) {
            var separator = "{";
            for (var member : map.entrySet()) {
                out.append(separator);
                write(String.valueOf(Objects.requireNonNull(member.getKey(), "a member's name")), out);
                write(member.getValue(), out.append(':'));
                separator = ",";
            }
            out.append(map.isEmpty() ? "{}" : "}");
        } else if (value instanceof Iterable<?> items) {
            var separator = "[";
            for (var item : items) {
                write(item, out.append(separator));
                separator = ",";
            }
            out.append(separator.equals("[") ? "[]" : "]");
        } else if (value != null && value.getClass().isArray()) {
            write(IntStream.range(0, Array.getLength(value)).mapToObj(index -> Array.get(value, index)).toList(), out);
        } else if (value instanceof CharSequence || value instanceof Character) {
            quote(value.toString(), out);
        } else if (value instanceof Enum<?> constant) {
            quote(constant.name(), out);
        } else if (value instanceof Number number) {
            if (!Double.isFinite(number.doubleValue()) && (number instanceof Double || number instanceof Float)) throw new IllegalArgumentException("JSON has no number " + number);
            out.append(number);
        } else if (value == null || value instanceof Boolean) {
            out.append(value);
        } else {
            throw new IllegalArgumentException("JSON has no value for a " + value.getClass().getName());
        }
    }

    private static void quote(String string, StringBuilder out) {
        out.append('"');
        for (var c : string.toCharArray()) {
            if (c == '"' || c == '\\') out.append('\\').append(c);
            else if (c < ' ' || Character.isSurrogate(c)) out.append(String.format("\\u%04x", (int) c));
            else out.append(c);
        }
        out.append('"');
    }
}
