// SPDX-License-Identifier: MIT

import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.internals.BuiltInPartitioner;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * A topic as Kafka's own consumer reads it under read_committed, up to the end it had at the start: the
 * judge of what our producers wrote.
 */
final class KafkaRead {
	private KafkaRead() {
	}

	private static String text(byte[] bytes) {
		return bytes == null ? "" : new String(bytes, StandardCharsets.UTF_8);
	}

	/** Partition, offset, the partition Java's producer would choose for that key (-1: no key), timestamp, key, value. */
	private static void print(ConsumerRecord<byte[], byte[]> r, int partitions, PrintStream out) {
		int chosen = r.key() == null ? -1 : BuiltInPartitioner.partitionForKey(r.key(), partitions);
		out.print(r.partition() + "\t" + r.offset() + "\t" + chosen + "\t" + r.timestamp() + "\t"
				+ text(r.key()) + "\t" + text(r.value()) + "\n");
	}

	private static boolean isRead(KafkaConsumer<?, ?> consumer, Map<TopicPartition, Long> ends) {
		return ends.entrySet().stream().allMatch(e -> consumer.position(e.getKey()) >= e.getValue());
	}

	static void read(String brokers, String topic, PrintStream out) {
		Map<String, Object> conf = Map.of("bootstrap.servers", brokers,
				"key.deserializer", ByteArrayDeserializer.class,
				"value.deserializer", ByteArrayDeserializer.class,
				"isolation.level", "read_committed",
				"enable.auto.commit", false,
				"auto.offset.reset", "none");
		try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(conf)) {
			List<TopicPartition> parts = consumer.partitionsFor(topic).stream()
					.map(p -> new TopicPartition(topic, p.partition())).toList();
			consumer.assign(parts);
			consumer.seekToBeginning(parts);
			// the last stable offset: what an open transaction holds back is not waited for
			Map<TopicPartition, Long> ends = consumer.endOffsets(parts);
			while (!isRead(consumer, ends)) {
				for (ConsumerRecord<byte[], byte[]> r : consumer.poll(Duration.ofMillis(200)))
					print(r, parts.size(), out);
			}
		}
	}
}
