//! How notices read: as a subject, as plain text, as HTML.

use expect_test::{Expect, expect};
use notify::{Counts, Event, Notice, html, subject, text};
use quick_xml::Reader;
use quick_xml::events::Event as Mark;

/// A notice with the facts that go with its event.
fn told(event: Event) -> Notice {
    let mut notice = Notice::new("n_17", 1_790_000_000, event, "https://sluice.example.com");
    if event == Event::Test {
        return notice;
    }
    notice.connection = Some("prod".to_owned());
    notice.query = Some("nightly".to_owned());
    notice.job = Some("job_4711".to_owned());
    notice.scheduled = Some("2026-09-21 16:00 Europe/Berlin".to_owned());
    notice.link = Some("https://sluice.example.com/jobs/job_4711?tab=rows&from=mail".to_owned());
    let said = |text: &str| Some(text.to_owned());
    match event {
        Event::Success | Event::Recovered => {
            notice.state = said("success");
            notice.counts = Some(Counts { read: 200_000, delivered: 199_990, superseded: 10, ..Counts::default() });
            notice.calls = Some(4_000);
        }
        Event::Failure => {
            notice.state = said("failed");
            notice.cause = said("there is no column emial");
            notice.todo = said("did you mean \"email\"? Correct the query, and run it again.");
            notice.next = said("The next run is at 2026-09-22 16:00 Europe/Berlin.");
            notice.failures_in_a_row = Some((3, 5));
            notice.counts = Some(Counts { read: 200_000, unsent: 200_000, ..Counts::default() });
        }
        Event::Rejected => {
            notice.state = said("success");
            notice.counts = Some(Counts { read: 100, delivered: 88, rejected: 12, ..Counts::default() });
            notice.cause = said("12 rows rejected: 10 with code 65, 2 with code 109; the threshold is 5");
        }
        Event::QuotaParked => {
            notice.state = said("parked_quota");
            notice.next = said("The job goes on at the account's midnight, 2026-09-22 07:00 UTC.");
        }
        Event::Reconnect => {
            notice.state = said("needs_reconnect");
            notice.cause = said("Salesforce refused the grant: expired access/refresh token");
            notice.todo = said("connect prod again");
        }
        Event::Disabled => {
            notice.failures_in_a_row = Some((5, 5));
            notice.cause = said("there is no column emial");
            notice.todo = said("correct the query, then enable its schedule");
        }
        Event::Test => {}
    }
    notice
}

#[track_caller]
fn check(event: Event, want: Expect) {
    let notice = told(event);
    want.assert_eq(&format!("Subject: {}\n\n{}", subject(&notice), text(&notice)));
}

#[test]
fn every_event_in_plain_text() {
    check(
        Event::Success,
        expect![[r#"
        Subject: [Sluice] nightly succeeded: 199,990 rows delivered

        The query nightly succeeded.

        Query            nightly
        Connection       prod
        Job              job_4711
        Scheduled        2026-09-21 16:00 Europe/Berlin
        State            success
        Calls to Pardot  4,000
        Time             2026-09-21 14:13:20 UTC

        Rows
          read        200,000
          delivered   199,990
          rejected          0
          superseded       10
          held              0
          unsent            0

        https://sluice.example.com/jobs/job_4711?tab=rows&from=mail

        -- 
        Sent by Sluice at https://sluice.example.com. Who is told of what is set at the query, and for all queries in the server's notification settings.
    "#]],
    );
    check(
        Event::Failure,
        expect![[r#"
        Subject: [Sluice] nightly failed: there is no column emial

        The query nightly failed.

        Why: there is no column emial

        What to do: did you mean "email"? Correct the query, and run it again.

        What happens next: The next run is at 2026-09-22 16:00 Europe/Berlin.

        Query              nightly
        Connection         prod
        Job                job_4711
        Scheduled          2026-09-21 16:00 Europe/Berlin
        State              failed
        Failures in a row  3 (disabled at 5)
        Time               2026-09-21 14:13:20 UTC

        Rows
          read        200,000
          delivered         0
          rejected          0
          superseded        0
          held              0
          unsent      200,000

        https://sluice.example.com/jobs/job_4711?tab=rows&from=mail

        -- 
        Sent by Sluice at https://sluice.example.com. Who is told of what is set at the query, and for all queries in the server's notification settings.
    "#]],
    );
    check(
        Event::Rejected,
        expect![[r#"
        Subject: [Sluice] nightly: 12 rows rejected

        The query nightly has 12 rows rejected.

        Why: 12 rows rejected: 10 with code 65, 2 with code 109; the threshold is 5

        Query       nightly
        Connection  prod
        Job         job_4711
        Scheduled   2026-09-21 16:00 Europe/Berlin
        State       success
        Time        2026-09-21 14:13:20 UTC

        Rows
          read        100
          delivered    88
          rejected     12
          superseded    0
          held          0
          unsent        0

        https://sluice.example.com/jobs/job_4711?tab=rows&from=mail

        -- 
        Sent by Sluice at https://sluice.example.com. Who is told of what is set at the query, and for all queries in the server's notification settings.
    "#]],
    );
    check(
        Event::QuotaParked,
        expect![[r#"
            Subject: [Sluice] nightly waits until the day's calls are counted anew

            The query nightly waits until the day's calls to Pardot are counted anew.

            What happens next: The job goes on at the account's midnight, 2026-09-22 07:00 UTC.

            Query       nightly
            Connection  prod
            Job         job_4711
            Scheduled   2026-09-21 16:00 Europe/Berlin
            State       parked_quota
            Time        2026-09-21 14:13:20 UTC

            https://sluice.example.com/jobs/job_4711?tab=rows&from=mail

            -- 
            Sent by Sluice at https://sluice.example.com. Who is told of what is set at the query, and for all queries in the server's notification settings.
        "#]],
    );
    check(
        Event::Reconnect,
        expect![[r#"
        Subject: [Sluice] prod must be connected again

        The connection prod must be connected again.

        Why: Salesforce refused the grant: expired access/refresh token

        What to do: connect prod again

        Query       nightly
        Connection  prod
        Job         job_4711
        Scheduled   2026-09-21 16:00 Europe/Berlin
        State       needs_reconnect
        Time        2026-09-21 14:13:20 UTC

        https://sluice.example.com/jobs/job_4711?tab=rows&from=mail

        -- 
        Sent by Sluice at https://sluice.example.com. Who is told of what is set at the query, and for all queries in the server's notification settings.
    "#]],
    );
    check(
        Event::Disabled,
        expect![[r#"
        Subject: [Sluice] the schedule of nightly is disabled after 5 failures in a row

        The schedule of nightly is disabled.

        Why: there is no column emial

        What to do: correct the query, then enable its schedule

        Query              nightly
        Connection         prod
        Job                job_4711
        Scheduled          2026-09-21 16:00 Europe/Berlin
        Failures in a row  5 (disabled at 5)
        Time               2026-09-21 14:13:20 UTC

        https://sluice.example.com/jobs/job_4711?tab=rows&from=mail

        -- 
        Sent by Sluice at https://sluice.example.com. Who is told of what is set at the query, and for all queries in the server's notification settings.
    "#]],
    );
    check(
        Event::Recovered,
        expect![[r#"
        Subject: [Sluice] nightly works again

        The query nightly works again.

        Query            nightly
        Connection       prod
        Job              job_4711
        Scheduled        2026-09-21 16:00 Europe/Berlin
        State            success
        Calls to Pardot  4,000
        Time             2026-09-21 14:13:20 UTC

        Rows
          read        200,000
          delivered   199,990
          rejected          0
          superseded       10
          held              0
          unsent            0

        https://sluice.example.com/jobs/job_4711?tab=rows&from=mail

        -- 
        Sent by Sluice at https://sluice.example.com. Who is told of what is set at the query, and for all queries in the server's notification settings.
    "#]],
    );
    check(
        Event::Test,
        expect![[r#"
        Subject: [Sluice] a notice to try whether notices arrive

        This is a notice to try whether notices arrive. It did.

        Time  2026-09-21 14:13:20 UTC

        -- 
        Sent by Sluice at https://sluice.example.com. Who is told of what is set at the query, and for all queries in the server's notification settings.
    "#]],
    );
}

#[test]
fn one_page_as_html() {
    expect![[r#"
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="supported-color-schemes" content="light dark" />
        <title>The query nightly failed.</title>
        <style>
        :root { color-scheme: light dark; }
        @media (prefers-color-scheme: dark) {
        .back { background: #15181c !important; }
        .card { background: #1f242a !important; }
        .ink { color: #eceff2 !important; }
        .soft { color: #aab4be !important; }
        .rule { border-color: #3a424b !important; }
        }
        </style>
        </head>
        <body class="back" style="margin: 0; padding: 0; background: #f2f4f6;">
        <table role="presentation" class="back" width="100%" cellpadding="0" cellspacing="0" style="background: #f2f4f6;">
        <tr><td align="center" style="padding: 16px 8px;">
        <table role="presentation" class="card" width="100%" cellpadding="0" cellspacing="0" style="max-width: 600px; background: #ffffff; border-top: 4px solid #b3261e; border-radius: 6px; table-layout: fixed;">
        <tr><td style="padding: 22px 20px; overflow-wrap: anywhere; word-break: break-word;">
        <h1 class="ink" style="margin: 0 0 16px; font-family: -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif; font-size: 20px; line-height: 1.35; color: #1c2126;">The query nightly failed.</h1>
        <p class="ink" style="margin: 0 0 14px; font-family: -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif; font-size: 16px; line-height: 1.5; color: #1c2126;"><strong>Why:</strong>
        there is no column emial</p>
        <p class="ink" style="margin: 0 0 14px; font-family: -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif; font-size: 16px; line-height: 1.5; color: #1c2126;"><strong>What to do:</strong>
        did you mean &quot;email&quot;? Correct the query, and run it again.</p>
        <p class="ink" style="margin: 0 0 14px; font-family: -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif; font-size: 16px; line-height: 1.5; color: #1c2126;"><strong>What happens next:</strong>
        The next run is at 2026-09-22 16:00 Europe/Berlin.</p>
        <table width="100%" cellpadding="0" cellspacing="0" style="margin: 4px 0 14px; border-collapse: collapse;">
        <tr><th scope="row" align="left" class="ink rule" style="padding: 7px 4px; border-bottom: 1px solid #dde2e7; font-family: -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif; font-size: 15px; font-weight: bold; color: #1c2126;">read</th>
        <td align="right" class="ink rule" style="padding: 7px 4px; border-bottom: 1px solid #dde2e7; font-family: -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif; font-size: 15px; font-weight: bold; color: #1c2126; font-variant-numeric: tabular-nums;">200,000</td></tr>
        <tr><th scope="row" align="left" class="ink rule" style="padding: 7px 4px; border-bottom: 1px solid #dde2e7; font-family: -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif; font-size: 15px; font-weight: normal; color: #1c2126;">delivered</th>
        <td align="right" class="ink rule" style="padding: 7px 4px; border-bottom: 1px solid #dde2e7; font-family: -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif; font-size: 15px; font-weight: normal; color: #1c2126; font-variant-numeric: tabular-nums;">0</td></tr>
        <tr><th scope="row" align="left" class="ink rule" style="padding: 7px 4px; border-bottom: 1px solid #dde2e7; font-family: -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif; font-size: 15px; font-weight: normal; color: #1c2126;">rejected</th>
        <td align="right" class="ink rule" style="padding: 7px 4px; border-bottom: 1px solid #dde2e7; font-family: -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif; font-size: 15px; font-weight: normal; color: #1c2126; font-variant-numeric: tabular-nums;">0</td></tr>
        <tr><th scope="row" align="left" class="ink rule" style="padding: 7px 4px; border-bottom: 1px solid #dde2e7; font-family: -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif; font-size: 15px; font-weight: normal; color: #1c2126;">superseded</th>
        <td align="right" class="ink rule" style="padding: 7px 4px; border-bottom: 1px solid #dde2e7; font-family: -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif; font-size: 15px; font-weight: normal; color: #1c2126; font-variant-numeric: tabular-nums;">0</td></tr>
        <tr><th scope="row" align="left" class="ink rule" style="padding: 7px 4px; border-bottom: 1px solid #dde2e7; font-family: -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif; font-size: 15px; font-weight: normal; color: #1c2126;">held</th>
        <td align="right" class="ink rule" style="padding: 7px 4px; border-bottom: 1px solid #dde2e7; font-family: -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif; font-size: 15px; font-weight: normal; color: #1c2126; font-variant-numeric: tabular-nums;">0</td></tr>
        <tr><th scope="row" align="left" class="ink rule" style="padding: 7px 4px; border-bottom: 1px solid #dde2e7; font-family: -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif; font-size: 15px; font-weight: normal; color: #1c2126;">unsent</th>
        <td align="right" class="ink rule" style="padding: 7px 4px; border-bottom: 1px solid #dde2e7; font-family: -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif; font-size: 15px; font-weight: normal; color: #1c2126; font-variant-numeric: tabular-nums;">200,000</td></tr>
        </table>
        <table width="100%" cellpadding="0" cellspacing="0" style="border-collapse: collapse; table-layout: fixed;">
        <tr><th scope="row" align="left" width="36%" class="soft" style="padding: 4px; vertical-align: top; font-family: -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif; font-size: 14px; line-height: 1.4; font-weight: normal; color: #56616c;">Query</th>
        <td class="ink" style="padding: 4px; vertical-align: top; font-family: -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif; font-size: 14px; line-height: 1.4; color: #1c2126; overflow-wrap: anywhere; word-break: break-word;">nightly</td></tr>
        <tr><th scope="row" align="left" width="36%" class="soft" style="padding: 4px; vertical-align: top; font-family: -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif; font-size: 14px; line-height: 1.4; font-weight: normal; color: #56616c;">Connection</th>
        <td class="ink" style="padding: 4px; vertical-align: top; font-family: -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif; font-size: 14px; line-height: 1.4; color: #1c2126; overflow-wrap: anywhere; word-break: break-word;">prod</td></tr>
        <tr><th scope="row" align="left" width="36%" class="soft" style="padding: 4px; vertical-align: top; font-family: -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif; font-size: 14px; line-height: 1.4; font-weight: normal; color: #56616c;">Job</th>
        <td class="ink" style="padding: 4px; vertical-align: top; font-family: -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif; font-size: 14px; line-height: 1.4; color: #1c2126; overflow-wrap: anywhere; word-break: break-word;">job_4711</td></tr>
        <tr><th scope="row" align="left" width="36%" class="soft" style="padding: 4px; vertical-align: top; font-family: -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif; font-size: 14px; line-height: 1.4; font-weight: normal; color: #56616c;">Scheduled</th>
        <td class="ink" style="padding: 4px; vertical-align: top; font-family: -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif; font-size: 14px; line-height: 1.4; color: #1c2126; overflow-wrap: anywhere; word-break: break-word;">2026-09-21 16:00 Europe/Berlin</td></tr>
        <tr><th scope="row" align="left" width="36%" class="soft" style="padding: 4px; vertical-align: top; font-family: -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif; font-size: 14px; line-height: 1.4; font-weight: normal; color: #56616c;">State</th>
        <td class="ink" style="padding: 4px; vertical-align: top; font-family: -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif; font-size: 14px; line-height: 1.4; color: #1c2126; overflow-wrap: anywhere; word-break: break-word;">failed</td></tr>
        <tr><th scope="row" align="left" width="36%" class="soft" style="padding: 4px; vertical-align: top; font-family: -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif; font-size: 14px; line-height: 1.4; font-weight: normal; color: #56616c;">Failures in a row</th>
        <td class="ink" style="padding: 4px; vertical-align: top; font-family: -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif; font-size: 14px; line-height: 1.4; color: #1c2126; overflow-wrap: anywhere; word-break: break-word;">3 (disabled at 5)</td></tr>
        <tr><th scope="row" align="left" width="36%" class="soft" style="padding: 4px; vertical-align: top; font-family: -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif; font-size: 14px; line-height: 1.4; font-weight: normal; color: #56616c;">Time</th>
        <td class="ink" style="padding: 4px; vertical-align: top; font-family: -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif; font-size: 14px; line-height: 1.4; color: #1c2126; overflow-wrap: anywhere; word-break: break-word;">2026-09-21 14:13:20 UTC</td></tr>
        </table>
        <p style="margin: 22px 0 6px;"><a href="https://sluice.example.com/jobs/job_4711?tab=rows&amp;from=mail"
        style="display: inline-block; padding: 12px 22px; background: #0b5cad; color: #ffffff; font-family: -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif; font-size: 16px; font-weight: bold; text-decoration: none; border-radius: 6px;">Open in Sluice</a></p>
        </td></tr>
        </table>
        <p class="soft" style="margin: 14px auto 0; max-width: 560px; font-family: -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif; font-size: 12px; line-height: 1.5; color: #56616c;">Sent by Sluice at https://sluice.example.com. Who is told of what is set at the query, and for all queries in the server&#39;s notification settings.</p>
        </td></tr>
        </table>
        </body>
        </html>
    "#]].assert_eq(&html(&told(Event::Failure)));
    expect![[r#"
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="supported-color-schemes" content="light dark" />
        <title>This is a notice to try whether notices arrive. It did.</title>
        <style>
        :root { color-scheme: light dark; }
        @media (prefers-color-scheme: dark) {
        .back { background: #15181c !important; }
        .card { background: #1f242a !important; }
        .ink { color: #eceff2 !important; }
        .soft { color: #aab4be !important; }
        .rule { border-color: #3a424b !important; }
        }
        </style>
        </head>
        <body class="back" style="margin: 0; padding: 0; background: #f2f4f6;">
        <table role="presentation" class="back" width="100%" cellpadding="0" cellspacing="0" style="background: #f2f4f6;">
        <tr><td align="center" style="padding: 16px 8px;">
        <table role="presentation" class="card" width="100%" cellpadding="0" cellspacing="0" style="max-width: 600px; background: #ffffff; border-top: 4px solid #0b5cad; border-radius: 6px; table-layout: fixed;">
        <tr><td style="padding: 22px 20px; overflow-wrap: anywhere; word-break: break-word;">
        <h1 class="ink" style="margin: 0 0 16px; font-family: -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif; font-size: 20px; line-height: 1.35; color: #1c2126;">This is a notice to try whether notices arrive. It did.</h1>
        <table width="100%" cellpadding="0" cellspacing="0" style="border-collapse: collapse; table-layout: fixed;">
        <tr><th scope="row" align="left" width="36%" class="soft" style="padding: 4px; vertical-align: top; font-family: -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif; font-size: 14px; line-height: 1.4; font-weight: normal; color: #56616c;">Time</th>
        <td class="ink" style="padding: 4px; vertical-align: top; font-family: -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif; font-size: 14px; line-height: 1.4; color: #1c2126; overflow-wrap: anywhere; word-break: break-word;">2026-09-21 14:13:20 UTC</td></tr>
        </table>
        </td></tr>
        </table>
        <p class="soft" style="margin: 14px auto 0; max-width: 560px; font-family: -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif; font-size: 12px; line-height: 1.5; color: #56616c;">Sent by Sluice at https://sluice.example.com. Who is told of what is set at the query, and for all queries in the server&#39;s notification settings.</p>
        </td></tr>
        </table>
        </body>
        </html>
    "#]].assert_eq(&html(&told(Event::Test)));
}

#[test]
fn jobs_that_ended_otherwise() {
    let cases = [
        // Its cause says the same.
        (Some("stopped"), "[Sluice] nightly stopped at a rejected row"),
        (Some("held"), "[Sluice] nightly ended with held rows: why"),
        (Some("killed"), "[Sluice] nightly was killed: why"),
        (Some("failed"), "[Sluice] nightly failed: why"),
        (None, "[Sluice] nightly failed: why"),
    ];
    for (state, want) in cases {
        let mut notice = told(Event::Failure);
        notice.state = state.map(str::to_owned);
        notice.cause = Some("why".to_owned());
        assert_eq!(subject(&notice), want);
    }
}

/// Elements and texts of a page; anything that is not well-formed fails.
fn elements(page: &str) -> (Vec<String>, String) {
    let mut reader = Reader::from_str(page);
    reader.config_mut().check_end_names = true;
    let (mut elements, mut texts) = (Vec::new(), String::new());
    let mut open = 0_i32;
    loop {
        match reader.read_event().unwrap() {
            Mark::Start(mark) => {
                open += 1;
                elements.push((*mark).to_owned());
            }
            Mark::Empty(mark) => elements.push((*mark).to_owned()),
            Mark::End(_) => open -= 1,
            Mark::Text(mark) => texts.push_str(&mark),
            Mark::Eof => break,
            Mark::DocType(_) | Mark::GeneralRef(_) => {}
            other => panic!("{other:?} has no place in a mail"),
        }
    }
    assert_eq!(open, 0, "every element is closed");
    (elements, texts)
}

#[test]
fn hostile_facts_stay_text() {
    let hostile = [
        "<script>alert(1)</script>",
        "\" onmouseover=\"alert(1)\" x='y' >",
        "a\r\nBcc: eve@example.com\r\n\r\n.\r\n",
        "</td></table><img src=\"https://evil.example.com/pixel.png\">",
        "<!-- ]]> &lt; &#60;script&#62;",
        "{{constructor}} %s %n ${x}",
        "\u{202e}gnp.exe\u{0}\u{b}\u{85}\u{2028}\u{feff}",
        &"x".repeat(5_000),
        &"word ".repeat(1_000),
        "",
    ];
    for name in hostile {
        for event in Event::ALL {
            let mut notice = told(event);
            for fact in
                [&mut notice.query, &mut notice.connection, &mut notice.job, &mut notice.scheduled, &mut notice.cause]
            {
                *fact = Some(name.to_owned());
            }
            notice.todo = Some(name.to_owned());
            notice.next = Some(name.to_owned());
            notice.server = name.to_owned();
            let subject = subject(&notice);
            assert!(subject.starts_with("[Sluice] ") && subject.chars().count() <= 150, "{subject}");
            assert!(!subject.contains(char::is_control), "{subject:?}");
            let text = text(&notice);
            assert!(text.len() < 16_000 && !text.contains(|c: char| c.is_control() && c != '\n'), "{text:?}");
            let page = html(&notice);
            assert!(page.len() < 40_000, "{}", page.len());
            let (found, shown) = elements(&page);
            assert_eq!(found.len(), elements(&html(&safe(&notice))).0.len(), "no element more or less: {page}");
            assert!(!shown.contains(['<', '>']), "{shown}");
        }
    }
}

/// The same facts with names that are harmless, present where the others are shown.
fn safe(notice: &Notice) -> Notice {
    let mut safe = notice.clone();
    let harmless =
        |fact: &Option<String>| fact.as_ref().map(|fact| if fact.is_empty() { String::new() } else { "x".to_owned() });
    safe.query = harmless(&notice.query);
    safe.connection = harmless(&notice.connection);
    safe.job = harmless(&notice.job);
    safe.scheduled = harmless(&notice.scheduled);
    safe.cause = harmless(&notice.cause);
    safe.todo = harmless(&notice.todo);
    safe.next = harmless(&notice.next);
    safe
}

#[test]
fn nothing_is_fetched_and_one_thing_can_be_pressed() {
    for event in Event::ALL {
        let page = html(&told(event));
        let (elements, _) = elements(&page);
        for element in &elements {
            let name = element.split([' ', '\n']).next().unwrap();
            assert!(!["img", "script", "link", "iframe", "form", "video", "object"].contains(&name), "{element}");
            assert!(!element.contains("src=") && !element.contains("url("), "{element}");
        }
        let links = elements.iter().filter(|element| element.contains("href=")).count();
        assert_eq!(links, usize::from(event != Event::Test), "{event}");
        assert!(page.contains("content=\"light dark\"") && page.contains("prefers-color-scheme: dark"));
        assert!(page.lines().all(|line| line.len() < 990), "no line needs to be broken");
    }
}
