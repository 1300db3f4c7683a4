// SPDX-License-Identifier: MIT
import java.io.PrintStream;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.List;

import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.CorruptStatistics;
import org.apache.parquet.VersionParser;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.ParquetReader;
import org.apache.parquet.hadoop.example.GroupReadSupport;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.DecimalLogicalTypeAnnotation;
import org.apache.parquet.schema.PrimitiveType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Type;

/**
 * Prints, for each Parquet file, its name and then its rows as JSON arrays, one a line: numbers as numbers, dates and timestamps as what they
 * count, decimals and bytes as strings. Page checksums are verified, and the writer must be one whose statistics
 * parquet-java believes.
 */
class ParquetLines {
    private static void quote(StringBuilder out, String text) {
        out.append('"');
        for (char c : text.toCharArray())
            if (c < ' ' || c == '"' || c == '\\' || c > '~')
                out.append(String.format("\\u%04x", (int) c));
            else
                out.append(c);
        out.append('"');
    }

    private static BigInteger unscaled(Group row, int column, PrimitiveTypeName physical) {
        switch (physical) {
        case INT32:
            return BigInteger.valueOf(row.getInteger(column, 0));
        case INT64:
            return BigInteger.valueOf(row.getLong(column, 0));
        default:
            return new BigInteger(row.getBinary(column, 0).getBytes());
        }
    }

    private static void value(StringBuilder out, Group row, int column, PrimitiveType type) {
        LogicalTypeAnnotation logical = type.getLogicalTypeAnnotation();
        PrimitiveTypeName physical = type.getPrimitiveTypeName();

        if (logical instanceof DecimalLogicalTypeAnnotation) {
            int scale = ((DecimalLogicalTypeAnnotation) logical).getScale();
            quote(out, new BigDecimal(unscaled(row, column, physical), scale).toPlainString());
        } else if (physical == PrimitiveTypeName.BINARY) {
            quote(out, new String(row.getBinary(column, 0).getBytes(), StandardCharsets.UTF_8));
        } else {
            out.append(row.getValueToString(column, 0));
        }
    }

    private static void line(StringBuilder out, Group row) {
        List<Type> columns = row.getType().getFields();

        out.append('[');
        for (int i = 0; i < columns.size(); i++) {
            out.append(i > 0 ? "," : "");
            if (row.getFieldRepetitionCount(i) == 0)
                out.append("null");
            else
                value(out, row, i, columns.get(i).asPrimitiveType());
        }
        out.append("]\n");
    }

    private static void checkWriter(Path path, Configuration configuration) throws Exception {
        try (ParquetFileReader reader = ParquetFileReader.open(HadoopInputFile.fromPath(path, configuration))) {
            String writer = reader.getFileMetaData().getCreatedBy();

            if (!"sluice".equals(VersionParser.parse(writer).application)
                || CorruptStatistics.shouldIgnoreStatistics(writer, PrimitiveTypeName.BINARY))
                throw new IllegalStateException("statistics of \"" + writer + "\" are not believed");
        }
    }

    public static void main(String[] names) throws Exception {
        Configuration configuration = new Configuration();
        PrintStream out = new PrintStream(System.out, false, "US-ASCII");

        configuration.setBoolean("parquet.page.verify-checksum.enabled", true);
        for (String name : names) {
            Path path = new Path("file://" + new java.io.File(name).getAbsolutePath());

            checkWriter(path, configuration);
            try (ParquetReader<Group> reader = ParquetReader.builder(new GroupReadSupport(), path)
                    .withConf(configuration).build()) {
                StringBuilder text = new StringBuilder();

                quote(text, name);
                text.append('\n');
                for (Group row = reader.read(); row != null; row = reader.read())
                    line(text, row);
                out.print(text);
            }
        }
        out.flush();
    }
}
