#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prints what an index or a table holds, one row a line, for tests to compare. Numbers keep their digits.

rows.py search URL INDEX      index, id, version, routing (or -), source; tabs between, by id
rows.py count URL INDEX       how many documents it has
rows.py scan URL TABLE        items as DynamoDB's JSON, sorted
rows.py call URL ACTION JSON  one action of DynamoDB: its answer
"""

import json
import sys
import urllib.error
import urllib.request


class Digits(str):
    """A number as it was written."""


def read(text):
    return json.loads(text, parse_float=Digits, parse_int=Digits)


def compact(value):
    """JSON without spaces, members in the order of their names."""
    if isinstance(value, Digits):
        return value
    if isinstance(value, dict):
        return '{' + ','.join(json.dumps(k, ensure_ascii=False) + ':' + compact(v)
                              for k, v in sorted(value.items())) + '}'
    if isinstance(value, list):
        return '[' + ','.join(map(compact, value)) + ']'
    return json.dumps(value, ensure_ascii=False)


def ask(method, url, body=None, headers=()):
    request = urllib.request.Request(url, method=method, data=body and body.encode(),
                                     headers={'Content-Type': 'application/json', **dict(headers)})
    try:
        with urllib.request.urlopen(request, timeout=120) as reply:
            return read(reply.read())
    except urllib.error.HTTPError as error:
        sys.exit(f'rows.py: {method} {url}: {error.code} {error.read().decode(errors="replace")}')


def hits(url, index):
    """All documents, by pages of a scroll: it needs no field to sort by."""
    page = ask('POST', f'{url}/{index}/_search?scroll=2m&version=true',
               '{"size":5000,"sort":["_doc"],"query":{"match_all":{}}}')
    while page['hits']['hits']:
        yield from page['hits']['hits']
        page = ask('POST', f'{url}/_search/scroll',
                   json.dumps({'scroll': '2m', 'scroll_id': page['_scroll_id']}))
    ask('DELETE', f'{url}/_search/scroll', json.dumps({'scroll_id': page['_scroll_id']}))


def search(url, index):
    ask('POST', f'{url}/{index}/_refresh')
    for hit in sorted(hits(url, index), key=lambda h: (h['_id'], h['_index'])):
        print(hit['_index'], hit['_id'], hit['_version'], hit.get('_routing', '-'),
              compact(hit.get('_source')), sep='\t')


def count(url, index):
    ask('POST', f'{url}/{index}/_refresh')
    print(ask('GET', f'{url}/{index}/_count')['count'])


def dynamodb(url, action, body):
    """DynamoDB Local wants a signature's shape and checks no more of it."""
    return ask('POST', url, body, {
        'Content-Type': 'application/x-amz-json-1.0',
        'X-Amz-Target': f'DynamoDB_20120810.{action}',
        'X-Amz-Date': '20260101T000000Z',
        'Authorization': 'AWS4-HMAC-SHA256 Credential=dummy/20260101/us-east-1/dynamodb/aws4_request, '
                         'SignedHeaders=host;x-amz-date;x-amz-target, Signature=' + '0' * 64,
    })


def scan(url, table):
    """Strongly consistent, page by page (1 MB each)."""
    wanted = {'TableName': table, 'ConsistentRead': True}
    items = []
    while True:
        page = dynamodb(url, 'Scan', json.dumps(wanted))
        items += map(compact, page['Items'])
        if 'LastEvaluatedKey' not in page:
            break
        wanted['ExclusiveStartKey'] = page['LastEvaluatedKey']
    for item in sorted(items):
        print(item)


def call(url, action, body):
    print(compact(dynamodb(url, action, body)))


def main():
    commands = {'search': search, 'count': count, 'scan': scan, 'call': call}
    if len(sys.argv) < 4 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    sys.stdout.reconfigure(encoding='utf-8')
    commands[sys.argv[1]](*sys.argv[2:])


main()
