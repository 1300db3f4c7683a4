// SPDX-License-Identifier: MIT
// The event comes back as it was understood.
exports.handler = async (event) => event;
