"""Gateways written with other people's clients. Each is given a JSON object as its only argument

    host, port, user, password, client_id, version, topic, commands, will_topic, count, payloads

and says on standard output, line by line, what it has come to: `subscribed`; `half` once what it
sent of the first half is acknowledged; `again` once it is connected after the listener was
restarted, on which it waits for a line; `done` at the end. What it publishes, and at which QoS,
stands in `payloads`: [text, QoS, retained] each.
"""
