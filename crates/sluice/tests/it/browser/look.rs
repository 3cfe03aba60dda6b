//! How a page looks and reads: pictures in two widths and two schemes, its width, and axe's findings.
//!
//! Knows no page. The pictures are left for people under `target/screenshots`.

use serde_json::{Value, json};

use crate::browser::page::Browser;

/// See the licence beside it; it is part of the tests alone.
const AXE: &str = include_str!("../../../../console/tests/axe/axe.min.js");

/// Gives the findings that matter, a line each.
const RUN: &str = "const done = arguments[arguments.length - 1]; \
    axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'], resultTypes: ['violations']}) \
    .then((found) => done(found.violations.filter((v) => ['serious', 'critical'].includes(v.impact)) \
    .flatMap((v) => v.nodes.map((n) => `${v.impact} ${v.id}: ${n.html.slice(0, 200)} | ${n.failureSummary}`))), \
    (error) => done([String(error)]));";

/// What moves without end is held in the middle of its way, where it is least like what it rests at; what moves to an end
/// is there.
const HOLD: &str = "for (const moving of document.getAnimations()) { \
    const timing = moving.effect.getComputedTiming(); \
    if (timing.iterations === Infinity) { moving.pause(); moving.currentTime = timing.duration / 2; } else moving.finish(); }";

/// Width, height and scheme of a screen, and whether axe reads it too: contrast differs by scheme, layout by width.
const SCREENS: [(u32, u32, &str, bool); 4] =
    [(375, 812, "light", false), (375, 812, "dark", true), (1440, 900, "dark", false), (1440, 900, "light", true)];

/// Gives the browser a screen.
fn screen(browser: &Browser, width: u32, height: u32, scheme: &str) {
    let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
    browser.cdp("Emulation.setDeviceMetricsOverride", size);
    let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
    browser.cdp("Emulation.setEmulatedMedia", json!({"features": features}));
}

/// The page as it is now, on every screen: pictures are taken, and what is wrong with it is given back.
pub(crate) fn look(browser: &Browser, name: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for (width, height, scheme, read) in SCREENS {
        screen(browser, width, height, scheme);
        let over = browser.script("return document.documentElement.scrollWidth - innerWidth", json!([]));
        if over.as_i64().unwrap_or(0) > 0 {
            wrong.push(format!("{name} at {width} px: wider than the screen by {over} px"));
        }
        picture(browser, &format!("{name}-{width}-{scheme}"));
        if read {
            wrong.extend(findings(browser).into_iter().map(|found| format!("{name} at {width} px, {scheme}: {found}")));
        }
    }
    wrong
}

fn findings(browser: &Browser) -> Vec<String> {
    if browser.script("return typeof axe", json!([])) == "undefined" {
        browser.script(AXE, json!([]));
    }
    // What lies below the head of the page, because somebody has scrolled there, is not too small for that.
    browser.script("scrollTo({top: 0, behavior: 'instant'})", json!([]));
    browser.script(HOLD, json!([]));
    let found = browser.script_async(RUN);
    let lines = found.as_array().unwrap_or_else(|| panic!("axe found no list: {found}"));
    lines.iter().map(|line| line.as_str().unwrap_or_default().to_owned()).collect()
}

/// The whole page as a picture.
pub(crate) fn picture(browser: &Browser, name: &str) {
    let size = browser.cdp("Page.getLayoutMetrics", json!({}))["cssContentSize"].take();
    let (width, height) = (&size["width"], size["height"].as_f64().unwrap_or(900.0).min(4_000.0));
    let clip = json!({"x": 0, "y": 0, "width": width, "height": height, "scale": 1});
    let how = json!({"format": "png", "optimizeForSpeed": true, "captureBeyondViewport": true, "clip": clip});
    let taken: Value = browser.cdp("Page.captureScreenshot", how);
    browser.keep(&format!("{name}.png"), taken["data"].as_str().expect("a picture"));
}
