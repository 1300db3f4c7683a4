# SPDX-License-Identifier: MIT
"""clickstream.py CLICKS: what the Amazon MSK clickstream tutorial's Flink job gives for these events, in
files beside: user_session_details, user_session_counts, departments_count. Sorts everything instead of
following a watermark; tests/cli/clickstream.sh."""
import collections
import json
import sys

GAP_MS = 1000
WINDOW_MS = 10_000

# of its producer: ClickEvent, where each page leads, and what stands for the product where there is none
CLICK = {"ip": str, "eventtimestamp": int, "devicetype": str, "event_type": str, "product_type": str, "userid": int,
         "globalseq": int, "prevglobalseq": int}
WAYS = {
    "home_page": ("product_catalog",),
    "product_catalog": ("home_page", "product_detail"),
    "product_detail": ("product_catalog", "add_to_cart"),
    "add_to_cart": ("product_catalog", "remove_from_cart", "order"),
    "order": ("order_checkout", "remove_from_cart", "product_catalog"),
    "remove_from_cart": ("", "product_detail", "product_catalog"),
    "order_checkout": ("",),
    "": (),
}
WITHOUT_PRODUCT = {"home_page": "N/A", "product_catalog": "N/A", "": ""}


def by_user(events):
    users = collections.defaultdict(list)
    for event in events:
        users[event["userid"]].append(event)
    return users


def read_users(path):
    """Events by user."""
    with open(path, encoding="utf-8") as file:
        return by_user(map(json.loads, file))


def sessions_of(events):
    """In the order of their times, of one time in that given."""
    session = []
    for event in sorted(events, key=lambda event: event["eventtimestamp"]):
        if session and event["eventtimestamp"] - session[-1]["eventtimestamp"] > GAP_MS:
            yield session
            session = []
        session.append(event)
    yield session


def summary(user, session):
    count, at_checkout, departments = 0, 0, set()
    for event in session:
        if event["product_type"] not in ("", "N/A"):
            count += 1
            departments.add(event["product_type"])
        if event["event_type"] == "order_checkout":
            at_checkout = count
    return {
        "userId": user,
        "eventCount": count,
        "orderCheckoutEventCount": at_checkout,
        "deptList": sorted(departments),
        "eventKey": 1,
        "windowBeginTime": session[0]["eventtimestamp"],
        "windowEndTime": session[-1]["eventtimestamp"] + GAP_MS,
    }


def write(name, rows):
    with open(name, "w", encoding="utf-8") as out:
        for row in rows:
            print(json.dumps(row, separators=(",", ":")), file=out)


def window(begin_ms):
    return {"windowBeginTime": begin_ms, "windowEndTime": begin_ms + WINDOW_MS}


def outputs(users):
    """All sessions, and the rows of the three outputs."""
    found = [summary(user, s) for user, events in users.items() for s in sessions_of(events)]
    counts, departments = collections.defaultdict(list), collections.Counter()
    for session in found:
        begin_ms = (session["windowEndTime"] - 1) // WINDOW_MS * WINDOW_MS
        counts[begin_ms].append(session["orderCheckoutEventCount"] > 0)
        for department in session["deptList"]:
            departments[begin_ms, department] += 1
    details = [session for session in found if session["orderCheckoutEventCount"]]
    counts = [
        {
            "userSessionCount": len(buys),
            "userSessionCountWithOrderCheckout": sum(buys),
            "percentSessionswithBuy": sum(buys) * 100 // len(buys),
            **window(begin_ms),
        }
        for begin_ms, buys in counts.items()
    ]
    departments = [
        {"departmentName": name, "departmentCount": count, **window(begin_ms)}
        for (begin_ms, name), count in departments.items()
    ]
    return found, details, counts, departments


def main():
    _, details, counts, departments = outputs(read_users(sys.argv[1]))
    write("user_session_details", details)
    write("user_session_counts", counts)
    write("departments_count", departments)


if __name__ == "__main__":
    main()
