//! Every template, rendered from samples and parsed: nothing in a page may need what the content security policy forbids, every
//! label names a field, every identifier is there once, every static file carries its SRI value, results carry the notice.
//!
//! With `THORAX_PAGES=folder` the pages and the static files are written there, to be looked at in a browser
//! (`e2e/pages.mjs` serves them).

mod samples;

use std::collections::BTreeSet;
use std::path::Path;
use std::{env, fs};

use axum::body::to_bytes;
use axum::http::HeaderMap;
use scraper::{ElementRef, Html, Selector};
use thorax_server::web::assets;
use thorax_server::web::view::Theme;

use samples::{Sample, samples};

fn all<'a>(page: &'a Html, selector: &str) -> Vec<ElementRef<'a>> {
    page.select(&Selector::parse(selector).unwrap()).collect()
}

fn parsed(each: impl Fn(&Sample, &Html)) {
    for sample in samples(Theme::System) {
        each(&sample, &Html::parse_document(&sample.html));
    }
}

#[test]
fn the_theme_is_in_the_first_byte_and_the_pressed_button_says_so() {
    for (theme, key) in [(Theme::System, "system"), (Theme::Light, "light"), (Theme::Dark, "dark")] {
        assert_eq!(Theme::from_cookie(Some(key)), theme);
        let page = Html::parse_document(&samples(theme)[0].html);
        assert_eq!(all(&page, "html")[0].attr("data-bs-theme"), Some(key));
        let pressed = all(&page, r#".themes button[aria-pressed="true"]"#);
        assert_eq!(pressed.iter().map(|button| button.attr("value")).collect::<Vec<_>>(), [Some(key)]);
    }
    assert_eq!(Theme::from_cookie(Some("<script>")), Theme::System);
}

#[test]
fn there_is_a_sample_of_every_template() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
    let mut pages: BTreeSet<String> = BTreeSet::new();
    for entry in fs::read_dir(&folder).unwrap().chain(fs::read_dir(folder.join("admin")).unwrap()) {
        let name = entry.unwrap().file_name().into_string().unwrap();
        pages.extend(name.strip_suffix(".html").map(str::to_owned));
    }
    for part in ["layout", "macros"] {
        pages.remove(part);
    }
    let seen: BTreeSet<String> = samples(Theme::System).iter().map(|sample| sample.template.to_owned()).collect();
    assert_eq!(seen, pages);
}

#[test]
fn nothing_is_inline_and_no_element_has_a_style_or_a_handler() {
    parsed(|sample, page| {
        assert!(all(page, "style").is_empty() && all(page, "[style]").is_empty(), "{}", sample.name);
        for script in all(page, "script") {
            assert!(script.attr("src").is_some() && script.inner_html().is_empty(), "{}", sample.name);
        }
        for element in all(page, "*") {
            let handler = element.value().attrs().find(|(name, _)| name.starts_with("on"));
            assert_eq!(handler, None, "{}", sample.name);
            for address in ["href", "src", "action"].into_iter().filter_map(|name| element.attr(name)) {
                assert!(address.starts_with(['/', '#', '?']), "{}: {address}", sample.name);
            }
        }
    });
}

#[test]
fn every_script_and_style_sheet_carries_its_integrity() {
    parsed(|sample, page| {
        let tags = all(page, r#"script, link[rel="stylesheet"], link[rel="modulepreload"]"#);
        assert!(tags.len() >= 4, "{}", sample.name);
        for tag in tags {
            let integrity = tag.attr("integrity").unwrap_or_default();
            assert!(integrity.starts_with("sha384-") && integrity.len() == 71, "{}: {}", sample.name, tag.html());
        }
    });
}

#[test]
fn labels_name_fields_and_fields_have_labels_and_identifiers_are_unique() {
    parsed(|sample, page| {
        let mut ids = BTreeSet::new();
        for element in all(page, "[id]") {
            let id = element.attr("id").unwrap();
            assert!(ids.insert(id), "{}: {id} twice", sample.name);
        }
        let mut labelled: BTreeSet<&str> = BTreeSet::new();
        for label in all(page, "label[for]") {
            let target = label.attr("for").unwrap();
            assert!(ids.contains(target), "{}: a label for {target}", sample.name);
            labelled.insert(target);
        }
        for name in ["aria-labelledby", "aria-describedby", "popovertarget", "data-help"] {
            for element in all(page, &format!("[{name}]")) {
                let target = element.attr(name).unwrap();
                assert!(ids.contains(target), "{}: {name}={target}", sample.name);
            }
        }
        for field in all(page, r#"input:not([type="hidden"]), select, textarea"#) {
            let is_named = field.attr("aria-label").is_some()
                || field.attr("id").is_some_and(|id| labelled.contains(id))
                || field.ancestors().filter_map(ElementRef::wrap).any(|one| one.value().name() == "label");
            assert!(is_named, "{}: {}", sample.name, field.html());
        }
    });
}

#[test]
fn pages_have_landmarks_one_heading_captions_and_posts_only_to_this_site() {
    parsed(|sample, page| {
        for (selector, count) in [("main#main", 1), ("h1", 1), ("head > title", 1), ("a.skip", 1), ("html[lang]", 1)] {
            assert_eq!(all(page, selector).len(), count, "{}: {selector}", sample.name);
        }
        for table in all(page, "main table") {
            let caption = table.select(&Selector::parse("caption").unwrap()).next();
            assert!(caption.is_some(), "{}: a table without a caption", sample.name);
        }
        for image in all(page, "img") {
            assert!(image.attr("alt").is_some_and(|text| !text.is_empty()), "{}", sample.name);
        }
    });
}

#[test]
fn results_carry_the_notice_and_it_is_the_constant() {
    parsed(|sample, page| {
        let notices = all(page, "[data-notice]");
        assert!(!sample.is_result || notices.len() == 1, "{}", sample.name);
        for notice in notices {
            assert_eq!(notice.text().collect::<String>().trim(), thorax_domain::DECISION_SUPPORT, "{}", sample.name);
        }
        let footer: String = all(page, "footer").iter().flat_map(ElementRef::text).collect();
        assert!(footer.contains(thorax_domain::DECISION_SUPPORT), "{}", sample.name);
    });
}

#[test]
fn what_people_type_never_becomes_markup() {
    for sample in samples(Theme::System) {
        assert!(!sample.html.contains("<b>injected"), "{}", sample.name);
    }
    let worklist = samples(Theme::System).into_iter().find(|sample| sample.name == "worklist").unwrap();
    assert!(worklist.html.contains("injected"), "the sample no longer tries");
}

#[test]
fn the_current_page_is_marked_in_the_navigation() {
    parsed(|sample, page| {
        let marked = all(page, r#"nav#navigation a[aria-current="page"]"#);
        if let Some(section) = sample.section {
            let addresses: Vec<_> = marked.iter().map(|link| link.attr("href").unwrap()).collect();
            assert_eq!(addresses, [section], "{}", sample.name);
        }
    });
}

#[test]
fn pages_can_be_written_out_to_be_looked_at() {
    let Some(folder) = env::var_os("THORAX_PAGES") else { return };
    let folder = Path::new(&folder);
    fs::create_dir_all(folder.join("static")).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for sample in samples(Theme::System) {
        fs::write(folder.join(format!("{}.html", sample.name)), &sample.html).unwrap();
        for part in sample.html.split("\"/static/").skip(1) {
            let name = part.split('"').next().unwrap().to_owned();
            let answer = runtime.block_on(assets::serve(axum::extract::Path(name.clone()), HeaderMap::new()));
            let body = runtime.block_on(to_bytes(answer.into_body(), usize::MAX)).unwrap();
            fs::write(folder.join("static").join(name), body).unwrap();
        }
    }
}
