/* SPDX-License-Identifier: MIT */
/*
 * Amazon MSK with IAM: OAUTHBEARER tokens that are presigned URLs of the action
 * kafka-cluster:Connect (Amazon MSK Developer Guide, "Configure clients to use IAM access control";
 * their form is that of aws-msk-iam-sasl-signer).
 */
#ifndef SLUICE_AWS_MSK_H
#define SLUICE_AWS_MSK_H

#include "aws/session.h"
#include "io/kafka.h"

enum { MSK_REGION_BYTES = 32 };

/* True where the first of the brokers has one of MSK's ports for IAM: 9098 (from inside AWS), 9198
 * (public), 20098 (IPv6). */
bool msk_is_meant(const char *brokers);

/* The region that the first broker's name tells, which ends like
 * ".kafka.REGION.amazonaws.com" or ".kafka-serverless.REGION.amazonaws.com"; false where it does
 * not. */
bool msk_region(const char *brokers, char ret[static MSK_REGION_BYTES]);

/*
 * A token for librdkafka, good until 900 s after wall_ms or the credentials' own end. ret's strings
 * are the caller's.
 */
int msk_sign(const struct aws_credentials *, const char *region, const char *user_agent,
    int64_t wall_ms, struct kafka_token *ret, struct err *);

struct msk;

/*
 * Gets the first credentials, blocking; a refusal is ERR_DENIED, a region that nobody tells
 * ERR_USAGE. What expires is renewed in a thread of the session's.
 */
struct msk *msk_open(const struct aws_options *, const char *brokers, struct err *);

/* kafka_options.token; context is the struct msk. On librdkafka's thread; does not block. */
int msk_token(void *context, struct kafka_token *ret, struct err *);

/* Wipes. Nobody may be asking for a token any more. NULL is fine. */
void msk_free(struct msk *);

#endif
