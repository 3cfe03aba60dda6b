//! The page of the API: its routes as the OpenAPI document has them.
//!
//! Knows the document's shape; the words around the table are the page's.

use std::fmt::Write;

use serde_json::Value;

use crate::pages::keeps;

const BEFORE: &str = "# The API

Everything that a server can do is under `/api/v1`, described by the OpenAPI 3.1 document at `/api/v1/openapi.json`, which is made
from the same routes that answer.

* **Who asks**: `Authorization: Bearer slc_…` (an API token: made once, shown once, kept as a hash), or the cookie of a session in a
  browser. A token has a scope: `read` sees everything but row values and secrets, `run` also starts jobs and sees row values,
  `edit` also changes tables, queries and audiences, `admin` everything. It never may more than its person.
* **Refusals** are `application/problem+json` (RFC 9457): `code` for programs, `title` and `hint` for people, and `problems`, every
  place that must be changed at once, with its hint. `request_id` names the answer in the server's log.
* **Pages**: `items` and, unless it was the last page, `next`, which goes back as `?after=`. `?limit=` is 1 to 500.
* **Changes of what you have seen**: documents have a `revision`, also as `ETag`; with `If-Match` a `PUT` is refused (412) when
  somebody else was first. `PUT` makes what is not there.
* **Starting a job once**: `Idempotency-Key` on the routes that start one. The same key with the same request gives the same job
  again (200 instead of 202) for a day; with another request it is refused (422).
* **Watching a job**: `GET /jobs/{id}/events` is a stream of server-sent events, `job` (the job as it is now) and `log` (a line for
  people, with its number as `id:`). It begins with how the job is and ends with the job; `Last-Event-ID` continues it.
* **Limits**: bodies of 1 MiB (uploads: `upload_bytes`), headers of 16 KiB, 60 requests a second for each token; beyond that 413,
  431 and 429 with `Retry-After`.

## From nothing to a first export

```console
$ B=http://127.0.0.1:8080/api/v1
$ curl -s $B/setup -H 'Content-Type: application/json' \\
    -d '{\"token\":\"setup_…\",\"name\":\"ada\",\"password\":\"…\"}'                       # 1: the answer has a token for a day
$ A='Authorization: Bearer slc_…'
$ curl -s $B/connections -H \"$A\" -H 'Content-Type: application/json' -d @connection.json    # 2
$ curl -s -X PUT \"$B/tables/contacts/data?format=csv\" -H \"$A\" -H 'Content-Type: text/csv' \\
    --data-binary @contacts.csv                                                          # 3
$ curl -s $B/queries -H \"$A\" -H 'Content-Type: application/json' -d '{\"name\":\"nightly\",
    \"sql\":\"SELECT email, first_name FROM contacts\",
    \"export\":{\"connection\":\"prod\",\"settings\":{\"skip_invalid_records\":true}}}'             # 4
$ curl -s -X POST $B/queries/nightly/runs -H \"$A\" -H 'Content-Type: application/json' -d '{}'  # 5
$ curl -sN $B/jobs/1ng8pt7tc60j/events -H \"$A\"                                           # 6: until it has ended
```

## What a job's state means

`queued`, `querying`, `sending`; `parked_quota` and `parked_outage` go on by themselves at `wake`, `needs_reconnect` when its
connection was mended; `killed`, `stopped`, `held` and `failed` can be continued (`POST /jobs/{id}/continue`) unless a newer job of
the query has sent rows since; `success` and `skipped` are final. `sentence` says all of that in words. The counts of `rows` add up:
read = delivered + rejected + superseded + held + unsent.

Jobs of one query or activation never overlap on a business unit. Its `overlap` decides what a new run does meanwhile: `queue` (it
waits) or `skip` (it is written down as skipped). Jobs of different ones may send to one business unit side by side; together
they never have more than five calls under way.

`POST /jobs/{id}/reexport` sends the stored result again, with the export that the query or activation has today. `POST
/jobs/{id}/retry` sends the rejected rows alone: as they were (when the account was mended), or as a file in the body has them (the
downloaded rows, corrected).

## Audiences

A **parent segment** is written at `/parent-segments` (its master table and key, attributes, behaviours); `POST
/parent-segments/check` says before what its joins would do, with rows, keys, matches and orphans. `POST …/{name}/refresh` starts
the job that makes its profiles (`kind` `refresh`); until the first one that ended well, whatever needs profiles is refused (409).
Profiles stay as they are until the next refresh, whatever happens to the tables.

A **segment** is a `rule` over a parent segment, in Treasure Data's JSON, kept as it was written. `POST /segments/try` counts a rule
before it is saved, `POST /segments/{name}/look` the saved one, each with a sample of `rows`; `GET /segments/{name}/sql` is one SELECT
that runs in a query too. Everything wrong with a rule is told at once, each at its place
(`rule.conditions[0].conditions[1].operator.rightValue`). `?parent_segment=` and `?folder=` choose among segments, `?segment=` among
activations.

An **activation** binds a segment to an `export`, as a query has it, with an `output` mapping, a `schedule` and `notify`. `POST
/activations/try` gives the first records exactly as they would be sent, and each output column with the field that it goes to and
what is wrong with it; nothing is saved or sent. `POST /activations/{name}/runs` starts a job. One that is disabled runs neither by
its schedule nor by hand; a copy is made disabled. `GET /jobs?activation=` and `?parent_segment=` are the runs of one.

## Schedules

A schedule is a part of what it runs, a query, an activation or the refresh of a parent segment (`schedule`: `cron` or `repeat` with
`days`, `start`, `end`; `timezone`, `delay`, `catch_up`, `overlap`), so it is written with it; what changes by itself is
`/schedules/{name}?of=query|activation|parent_segment` (a query when `of` is not given): whether it fires and why not, its next times,
its newest one. `POST …/pause` and `…/resume` keep it from firing and let it fire again, also after it was disabled. `POST
…/backfill` runs times that have passed (`{\"from\":\"2026-11-01\",\"slots\":3}`); each runs once, so the same request may be sent
again. `GET …/history` has every time that passed, with its job or with the reason why there is none. `POST /cron/explain` says what one
means before it is saved.

A job of a schedule has `scheduled`, its scheduled time, which `TD_SCHEDULED_TIME()` gives; `POST /queries/{name}/runs` takes
`scheduled_time`. Its `forecast` says how many calls it needs and whether those of today suffice.

## Notices

`/notifications` is who is told of what where a query's `notify` says nothing. `/webhooks` are the signed calls that it may name: a
secret that the server chose is in the answer that makes the webhook, and never again. `POST /notifications/test` sends a notice now
and says what did not arrive, and why. `GET /notices` has every notice: `waiting`, `sent` or `failed`, with its attempts.

## Routes

";

#[test]
fn api_page() {
    let document = server::openapi();
    let mut text = String::from(BEFORE);
    text.push_str("| Route | |\n|---|---|\n");
    let paths = document["paths"].as_object().expect("the document has paths");
    for (path, operations) in paths {
        for (method, operation) in operations.as_object().expect("a path has operations") {
            let Some(summary) = operation.get("summary").and_then(Value::as_str) else { continue };
            let summary = summary.trim_end_matches('.').replace('\n', " ");
            let _ = writeln!(text, "| `{} {path}` | {summary} |", method.to_uppercase());
        }
    }
    assert!(text.lines().count() > BEFORE.lines().count() + 30, "every route has a summary");
    text.push_str(
        "\nOutside `/api/v1`: `/healthz` (the process answers), `/readyz` (the store answers), `/metrics` (Prometheus), \
         `/oauth/callback` (where\nSalesforce sends browsers back to; `/` does the same when it carries a code, as the manual \
         registers `http://localhost:8080`),\n`/jobs/{id}` (the page of a job, for people: links in notices lead to it).\n",
    );
    keeps("api.md", &text);
}
