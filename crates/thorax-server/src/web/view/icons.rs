//! Icons: strokes on a grid of 24, in the colour of the words beside them. They never stand alone for a meaning.

use super::Html;

/// An icon by its name; nothing where there is none. Screen readers pass over it.
#[must_use]
pub fn icon(name: &str) -> Html {
    let strokes = strokes(name);
    debug_assert!(!strokes.is_empty(), "no icon is called {name}");
    Html(format!(r#"<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">{strokes}</svg>"#))
}

fn strokes(name: &str) -> &'static str {
    match name {
        "home" => r#"<path d="M4 11 12 4l8 7v8a1 1 0 0 1-1 1h-4v-6H9v6H5a1 1 0 0 1-1-1z"/>"#,
        "list" => r#"<path d="M8 6h12M8 12h12M8 18h12M4 6h.01M4 12h.01M4 18h.01"/>"#,
        "upload" => r#"<path d="M12 16V4m-5 5 5-5 5 5M4 16v3a1 1 0 0 0 1 1h14a1 1 0 0 0 1-1v-3"/>"#,
        "people" => {
            r#"<circle cx="9" cy="8" r="3.5"/><path d="M2.500 20c0-3.600 2.900-6 6.500-6s6.500 2.400 6.500 6M16 4.800a3.500 3.500 0 0 1 0 6.400M18 14.300c2.200.8 3.500 2.900 3.500 5.700"/>"#
        }
        "person" => r#"<circle cx="12" cy="8" r="4"/><path d="M4 21c0-4 3.500-7 8-7s8 3 8 7"/>"#,
        "chart" => r#"<path d="M4 4v16h16M8 16v-4M12 16V8M16 16v-6"/>"#,
        "lungs" => {
            r#"<path d="M12 3v8M10 9.500C9.300 7.500 8 6.300 6.800 6.700 4.500 7.500 3 13.500 3.200 17.500c.1 2 1.300 2.800 3 2.500 2.500-.6 3.800-1.600 3.800-4zM14 9.500c.7-2 2-3.200 3.200-2.800 2.300.8 3.800 6.800 3.600 10.800-.1 2-1.300 2.800-3 2.500-2.500-.6-3.800-1.600-3.800-4z"/>"#
        }
        "queue" => {
            r#"<rect x="4" y="4" width="16" height="5" rx="1"/><rect x="4" y="15" width="16" height="5" rx="1"/><path d="M4 12h16"/>"#
        }
        "cache" => {
            r#"<ellipse cx="12" cy="6" rx="8" ry="3"/><path d="M4 6v6c0 1.700 3.600 3 8 3s8-1.300 8-3V6M4 12v6c0 1.700 3.600 3 8 3s8-1.300 8-3v-6"/>"#
        }
        "system" => r#"<path d="M3 12h4l3-8 4 16 3-8h4"/>"#,
        "audit" => r#"<path d="M6 3h9l4 4v14H6zM14 3v5h5M9 13h6M9 17h6"/>"#,
        "search" => r#"<circle cx="11" cy="11" r="6"/><path d="m20 20-4.500-4.500"/>"#,
        "menu" => r#"<path d="M4 7h16M4 12h16M4 17h16"/>"#,
        "close" => r#"<path d="m6 6 12 12M18 6 6 18"/>"#,
        "sun" => {
            r#"<circle cx="12" cy="12" r="4"/><path d="M12 2v2M12 20v2M4.900 4.900l1.400 1.400M17.700 17.700l1.400 1.400M2 12h2M20 12h2M4.900 19.100l1.400-1.400M17.700 6.300l1.400-1.400"/>"#
        }
        "moon" => r#"<path d="M20 14.500A8.500 8.500 0 1 1 9.500 4a7 7 0 0 0 10.500 10.500z"/>"#,
        "screen" => r#"<rect x="3" y="4" width="18" height="12" rx="1.500"/><path d="M8 20h8M12 16v4"/>"#,
        "exit" => r#"<path d="M15 4h4a1 1 0 0 1 1 1v14a1 1 0 0 1-1 1h-4M10 8l-4 4 4 4M6 12h10"/>"#,
        "check" => r#"<path d="m5 12.500 4.500 4.500L19 7.500"/>"#,
        "warning" => r#"<path d="M12 4 2.500 20h19zM12 10v4M12 17h.01"/>"#,
        "info" => r#"<circle cx="12" cy="12" r="9"/><path d="M12 11v5M12 8h.01"/>"#,
        "question" => {
            r#"<circle cx="12" cy="12" r="9"/><path d="M9.500 9.500a2.500 2.500 0 1 1 3.500 2.300c-.7.300-1 .9-1 1.700M12 17h.01"/>"#
        }
        "left" => r#"<path d="m14 6-6 6 6 6"/>"#,
        "right" => r#"<path d="m10 6 6 6-6 6"/>"#,
        "download" => r#"<path d="M12 4v12m-5-5 5 5 5-5M4 20h16"/>"#,
        "plus" => r#"<path d="M12 5v14M5 12h14"/>"#,
        "minus" => r#"<path d="M5 12h14"/>"#,
        "invert" => r#"<circle cx="12" cy="12" r="8"/><path d="M12 4v16a8 8 0 0 0 0-16z" fill="currentColor"/>"#,
        "rotate" => r#"<path d="M19 12a7 7 0 1 1-2.500-5.400M19 3v5h-5"/>"#,
        "reset" => r#"<path d="M5 12a7 7 0 1 0 2.500-5.400M5 3v5h5"/>"#,
        "contrast" => {
            r#"<path d="M4 8h10M18 8h2M4 16h2M10 16h10"/><circle cx="16" cy="8" r="2"/><circle cx="8" cy="16" r="2"/>"#
        }
        "split" => r#"<rect x="3" y="5" width="18" height="14" rx="1.500"/><path d="M12 5v14"/>"#,
        "full" => r#"<path d="M9 4H4v5M15 4h5v5M9 20H4v-5M15 20h5v-5"/>"#,
        "sparkle" => r#"<path d="M12 4l1.800 5.200L19 11l-5.200 1.800L12 18l-1.800-5.200L5 11l5.200-1.800z"/>"#,
        "key" => r#"<circle cx="8" cy="15" r="4"/><path d="m11 12 8-8M16 7l3 3"/>"#,
        "lock" => r#"<rect x="5" y="11" width="14" height="9" rx="1.500"/><path d="M8 11V8a4 4 0 0 1 8 0v3"/>"#,
        "clock" => r#"<circle cx="12" cy="12" r="9"/><path d="M12 7v5l3.500 2"/>"#,
        "pen" => r#"<path d="m4 20 1-4.500L16 4.500l3.500 3.500-11 11z"/>"#,
        _ => "",
    }
}
