// SPDX-License-Identifier: MIT
// Names the records it cannot take: those whose value is no JSON.
exports.handler = async (event) => ({
	batchItemFailures: Object.entries(event.records).flatMap(([partition, records]) =>
		records.filter((record) => {
			try {
				JSON.parse(Buffer.from(record.value, 'base64'));
				return false;
			} catch (error) {
				return true;
			}
		}).map((record) => ({ itemIdentifier: { partition, offset: record.offset } }))),
});
