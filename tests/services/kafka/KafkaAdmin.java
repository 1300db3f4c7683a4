// SPDX-License-Identifier: MIT

import java.io.BufferedOutputStream;
import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/**
 * KafkaAdmin BOOTSTRAP [COMMAND...]: one command from the arguments, or one a line from stdin.
 * The commands are those of `services --help`, and `ready`. The first that fails ends it: one line
 * on stderr, exit status 1; 64 for a command that is not understood.
 */
final class KafkaAdmin {
	private static final int TIMEOUT_MS = 30_000;

	private static final class UsageException extends Exception {
		UsageException(String message) {
			super(message);
		}
	}

	private final Admin admin;
	private final String brokers;
	/** Buffered, unlike System.out: topics are long. */
	private final PrintStream out;

	private KafkaAdmin(Admin admin, String brokers, PrintStream out) {
		this.admin = admin;
		this.brokers = brokers;
		this.out = out;
	}

	private static <T> T get(KafkaFuture<T> future) throws Exception {
		try {
			return future.get(TIMEOUT_MS, TimeUnit.MILLISECONDS);
		} catch (ExecutionException e) {
			throw e.getCause() instanceof Exception cause ? cause : e;
		}
	}

	/** The topic's partitions as the broker knows them; empty when it does not know it. */
	private Optional<TopicDescription> describe(String topic) throws Exception {
		try {
			return Optional.of(get(admin.describeTopics(List.of(topic)).allTopicNames()).get(topic));
		} catch (UnknownTopicOrPartitionException e) {
			return Optional.empty();
		}
	}

	private interface Condition {
		boolean holds() throws Exception;
	}

	private static void waitFor(String what, Condition condition) throws Exception {
		long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(TIMEOUT_MS);
		while (!condition.holds()) {
			if (System.nanoTime() - end > 0)
				throw new Exception("waited in vain: " + what);
			Thread.sleep(10);
		}
	}

	private void topicCreate(String name, int partitions, String[] settings) throws Exception {
		Map<String, String> configs = new HashMap<>();
		for (String setting : settings) {
			String[] pair = setting.split("=", 2);
			if (pair.length != 2)
				throw new UsageException(setting + ": not K=V");
			configs.put(pair[0], pair[1]);
		}
		get(admin.createTopics(List.of(new NewTopic(name, partitions, (short) 1).configs(configs))).all());
		waitFor(name + " has leaders", () -> describe(name).map(d -> d.partitions().size() == partitions
				&& d.partitions().stream().allMatch(p -> p.leader() != null)).orElse(false));
	}

	private void topicGrow(String name, int partitions) throws Exception {
		get(admin.createPartitions(Map.of(name, NewPartitions.increaseTo(partitions))).all());
		waitFor(name + " to have its partitions", () -> describe(name)
				.filter(t -> t.partitions().size() == partitions
						&& t.partitions().stream().allMatch(p -> p.leader() != null))
				.isPresent());
	}

	private void topicDelete(List<String> names) throws Exception {
		get(admin.deleteTopics(names).all());
		for (String name : names)
			waitFor(name + " is gone", () -> describe(name).isEmpty());
	}

	private void topicOffsets(String name) throws Exception {
		Map<TopicPartition, OffsetSpec> first = new HashMap<>();
		Map<TopicPartition, OffsetSpec> end = new HashMap<>();
		TopicDescription topic = get(admin.describeTopics(List.of(name)).allTopicNames()).get(name);
		topic.partitions().forEach(p -> {
			first.put(new TopicPartition(name, p.partition()), OffsetSpec.earliest());
			end.put(new TopicPartition(name, p.partition()), OffsetSpec.latest());
		});
		var firsts = get(admin.listOffsets(first).all());
		var ends = get(admin.listOffsets(end).all());
		for (int p = 0; p < topic.partitions().size(); p++) {
			TopicPartition tp = new TopicPartition(name, p);
			out.println(p + "\t" + firsts.get(tp).offset() + "\t" + ends.get(tp).offset());
		}
	}

	private void groupOffsets(String group) throws Exception {
		Map<TopicPartition, OffsetAndMetadata> sorted = new TreeMap<>(
				Comparator.comparing(TopicPartition::topic).thenComparing(TopicPartition::partition));
		sorted.putAll(get(admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata()));
		sorted.forEach((tp, at) -> {
			if (at != null)
				out.println(tp.topic() + "\t" + tp.partition() + "\t" + at.offset()
						+ "\t" + at.metadata());
		});
	}

	private void groupSetOffset(String group, TopicPartition tp, long offset, String metadata)
			throws Exception {
		get(admin.alterConsumerGroupOffsets(group,
				Map.of(tp, new OffsetAndMetadata(offset, metadata))).all());
	}

	private void print(Set<String> names) {
		new TreeSet<>(names).forEach(out::println);
	}

	private void topic(String[] w) throws Exception {
		switch (w.length > 1 ? w[1] : "") {
		case "create" -> topicCreate(w[2], Integer.parseInt(w[3]), Arrays.copyOfRange(w, 4, w.length));
		case "grow" -> topicGrow(w[2], Integer.parseInt(w[3]));
		case "delete" -> topicDelete(List.of(Arrays.copyOfRange(w, 2, w.length)));
		case "list" -> print(get(admin.listTopics().names()));
		case "offsets" -> topicOffsets(w[2]);
		case "read" -> KafkaRead.read(brokers, w[2], out);
		case "delete-records" -> get(admin.deleteRecords(
				Map.of(new TopicPartition(w[2], Integer.parseInt(w[3])),
				RecordsToDelete.beforeOffset(Long.parseLong(w[4])))).all());
		default -> throw new UsageException(
				"topic create, delete, list, offsets, read or delete-records");
		}
	}

	private void group(String[] w) throws Exception {
		switch (w.length > 1 ? w[1] : "") {
		case "list" -> {
			Set<String> ids = new TreeSet<>();
			get(admin.listGroups().all()).forEach(g -> ids.add(g.groupId()));
			print(ids);
		}
		case "offsets" -> groupOffsets(w[2]);
		case "set-offset" -> groupSetOffset(w[2], new TopicPartition(w[3], Integer.parseInt(w[4])),
				Long.parseLong(w[5]), w.length > 6 ? w[6] : "");
		case "delete" -> get(admin.deleteConsumerGroups(List.of(w[2])).all());
		default -> throw new UsageException("group list, offsets, set-offset or delete");
		}
	}

	private void run(String[] w) throws Exception {
		try {
			switch (w[0]) {
			case "topic" -> topic(w);
			case "group" -> group(w);
			case "ready" -> get(admin.describeCluster().nodes());
			default -> throw new UsageException(w[0] + ": no such command");
			}
		} catch (ArrayIndexOutOfBoundsException e) {
			throw new UsageException("a word is missing");
		} catch (NumberFormatException e) {
			throw new UsageException("not a number: " + e.getMessage());
		}
	}

	private void runAll(String[] args) throws Exception {
		if (args.length > 0) {
			run(args);
			return;
		}
		BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
		for (String line = in.readLine(); line != null; line = in.readLine()) {
			if (!line.isBlank() && !line.startsWith("#"))
				run(line.trim().split("\\s+"));
		}
	}

	public static void main(String[] args) {
		int status = 0;
		Map<String, Object> conf = Map.of("bootstrap.servers", args[0],
				"default.api.timeout.ms", TIMEOUT_MS, "request.timeout.ms", TIMEOUT_MS / 3);
		try (Admin admin = Admin.create(conf);
				PrintStream out = new PrintStream(
						new BufferedOutputStream(new FileOutputStream(FileDescriptor.out), 1 << 16))) {
			new KafkaAdmin(admin, args[0], out).runAll(Arrays.copyOfRange(args, 1, args.length));
		} catch (UsageException e) {
			System.err.println("services: " + e.getMessage());
			status = 64;
		} catch (Exception e) {
			String why = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
			System.err.println("services: " + why);
			status = 1;
		}
		System.exit(status);
	}
}
