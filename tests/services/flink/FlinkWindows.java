// SPDX-License-Identifier: MIT
import java.io.BufferedWriter;
import java.io.File;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.Iterator;
import java.util.Map;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.node.ArrayNode;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.TableEnvironment;
import org.apache.flink.types.Row;
import org.apache.flink.types.RowKind;
import org.apache.flink.util.CloseableIterator;

/**
 * Runs Flink SQL from files to files: {@code java -cp CLASSES FlinkWindows JOBS}.
 *
 * <p>JOBS is a JSON array of {@code {"name", "config": {KEY: VALUE}, "setup": [STATEMENT], "query",
 * "out"}}. They run one after the other in this process, streaming. A query's rows are written to
 * its file, each as a JSON array on a line: numbers as Java prints them, times as milliseconds (a
 * TIMESTAMP as if it were UTC), a row as an array, a multiset as one of [value, count]. The query
 * must be one that only appends, as those over window functions are. A job that fails leaves no file, and the exit status is 1 at the end.
 */
public final class FlinkWindows {
    private static final ObjectMapper JSON = new ObjectMapper();

    private FlinkWindows() {}

    public static void main(String[] args) throws Exception {
        int status = 0;
        for (JsonNode job : JSON.readTree(new File(args[0]))) {
            try {
                run(job);
            } catch (Exception e) {
                say(job.get("name").asText(), e);
                Files.deleteIfExists(Path.of(job.get("out").asText()));
                status = 1;
            }
        }
        System.exit(status);
    }

    private static void say(String name, Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            System.err.println(name + ": " + cause);
        }
    }

    private static void run(JsonNode job) throws Exception {
        TableEnvironment tables = TableEnvironment.create(EnvironmentSettings.inStreamingMode());
        Iterator<Map.Entry<String, JsonNode>> config = job.get("config").fields();
        while (config.hasNext()) {
            Map.Entry<String, JsonNode> entry = config.next();
            tables.getConfig().set(entry.getKey(), entry.getValue().asText());
        }
        for (JsonNode statement : job.get("setup")) {
            tables.executeSql(statement.asText());
        }
        Path out = Path.of(job.get("out").asText());
        try (CloseableIterator<Row> rows = tables.executeSql(job.get("query").asText()).collect();
                BufferedWriter writer = Files.newBufferedWriter(out, StandardCharsets.UTF_8)) {
            while (rows.hasNext()) {
                write(rows.next(), writer);
            }
        }
    }

    private static void write(Row row, BufferedWriter writer) throws IOException {
        if (row.getKind() != RowKind.INSERT) {
            throw new IllegalStateException("a row that is not final: " + row);
        }
        ArrayNode fields = JSON.createArrayNode();
        for (int i = 0; i < row.getArity(); i++) {
            add(fields, row.getField(i));
        }
        writer.write(JSON.writeValueAsString(fields));
        writer.newLine();
    }

    private static void add(ArrayNode fields, Object value) {
        if (value == null) {
            fields.addNull();
        } else if (value instanceof Long || value instanceof Integer) {
            fields.add(((Number) value).longValue());
        } else if (value instanceof BigDecimal) {
            fields.add((BigDecimal) value);
        } else if (value instanceof Double) {
            fields.add((Double) value);
        } else if (value instanceof Boolean) {
            fields.add((Boolean) value);
        } else if (value instanceof LocalDateTime) {
            fields.add(((LocalDateTime) value).toInstant(ZoneOffset.UTC).toEpochMilli());
        } else if (value instanceof Instant) {
            fields.add(((Instant) value).toEpochMilli());
        } else if (value instanceof Object[]) {
            ArrayNode array = fields.addArray();
            for (Object each : (Object[]) value) {
                add(array, each);
            }
        } else if (value instanceof Row) {
            ArrayNode array = fields.addArray();
            for (int i = 0; i < ((Row) value).getArity(); i++) {
                add(array, ((Row) value).getField(i));
            }
        } else if (value instanceof Map) {
            ArrayNode array = fields.addArray();
            for (Map.Entry<?, ?> each : ((Map<?, ?>) value).entrySet()) {
                ArrayNode pair = array.addArray();
                add(pair, each.getKey());
                add(pair, each.getValue());
            }
        } else if (value instanceof String) {
            fields.add((String) value);
        } else {
            throw new IllegalStateException("a value of " + value.getClass());
        }
    }
}
