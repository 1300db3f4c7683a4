// SPDX-License-Identifier: MIT
// Throws where a record's value is no JSON.
exports.handler = async (event) => {
	Object.values(event.records).flat().forEach((record) =>
		JSON.parse(Buffer.from(record.value, 'base64')));
};
