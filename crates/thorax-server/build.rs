//! Static files for the program: every file under `static/` gets a name with a hash of its content, a brotli and a gzip
//! variant, and its SRI value; the result is a table that `src/web/assets.rs` includes. A module's imports are rewritten to
//! the hashed names, so that a changed file changes the name of everything that imports it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256, Sha384};

/// Files below this size travel as they are: the answer's head is larger than what compression saves.
const WORTH_COMPRESSING: usize = 256;

/// A file with its final content and name.
struct Asset {
    hashed: String,
    content: Vec<u8>,
    imports: BTreeSet<String>,
}

fn main() {
    println!("cargo::rerun-if-changed=static");
    println!("cargo::rerun-if-changed=build.rs");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let mut sources = BTreeMap::new();
    collect(Path::new("static"), &mut sources);
    let mut done = BTreeMap::new();
    for name in sources.keys() {
        finish(name, &sources, &mut done, &mut Vec::new());
    }
    let mut table = String::from("[\n");
    for (name, asset) in &done {
        write_asset(&out, name, asset, &done, &mut table);
    }
    table.push_str("]\n");
    fs::write(out.join("assets.rs"), table).expect("OUT_DIR can be written");
}

/// Every file under a folder, by its file name, which must be unique: pages and imports use nothing else.
fn collect(folder: &Path, found: &mut BTreeMap<String, PathBuf>) {
    for entry in fs::read_dir(folder).expect("static/ can be read") {
        let path = entry.expect("static/ can be read").path();
        if path.is_dir() {
            collect(&path, found);
            continue;
        }
        let name = path.file_name().and_then(|name| name.to_str()).expect("names are ASCII").to_owned();
        // Licences lie beside what they cover; nobody asks for them over HTTP.
        if content_type(&name).is_some() {
            let double = found.insert(name, path);
            assert!(double.is_none(), "two static files have the same name: {double:?}");
        }
    }
}

fn content_type(name: &str) -> Option<&'static str> {
    Some(match name.rsplit_once('.')?.1 {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "woff2" => "font/woff2",
        "webmanifest" => "application/manifest+json",
        _ => return None,
    })
}

/// Gives a file its final content and name, after the modules that it imports.
fn finish(name: &str, sources: &BTreeMap<String, PathBuf>, done: &mut BTreeMap<String, Asset>, open: &mut Vec<String>) {
    if done.contains_key(name) {
        return;
    }
    assert!(!open.iter().any(|one| one == name), "modules import each other in a circle: {open:?}");
    let path = sources.get(name).unwrap_or_else(|| panic!("{open:?} import {name}, which is not under static/"));
    let mut content = fs::read(path).expect("static files can be read");
    let mut imports = BTreeSet::new();
    if is_module(name) {
        open.push(name.to_owned());
        let mut text = String::from_utf8(content).expect("modules are UTF-8");
        for import in imported(&text) {
            finish(&import, sources, done, open);
            let asset = &done[&import];
            text = text.replace(&format!("\"./{import}\""), &format!("\"./{}\"", asset.hashed));
            imports.extend(asset.imports.iter().cloned());
            imports.insert(import);
        }
        open.pop();
        content = text.into_bytes();
    }
    let hash: String = Sha256::digest(&content).iter().take(8).fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("text can be written");
        text
    });
    let (stem, extension) = name.rsplit_once('.').expect("checked with the content type");
    done.insert(name.to_owned(), Asset { hashed: format!("{stem}.{hash}.{extension}"), content, imports });
}

fn is_module(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == "js")
}

/// The modules that a module imports: `from "./name.js"` and `import("./name.js")`.
fn imported(text: &str) -> BTreeSet<String> {
    let parts = text.split("\"./").skip(1);
    parts.filter_map(|part| part.split('"').next()).filter(|name| is_module(name)).map(str::to_owned).collect()
}

fn write_asset(out: &Path, name: &str, asset: &Asset, all: &BTreeMap<String, Asset>, table: &mut String) {
    let keep = |suffix: &str, content: &[u8]| {
        let path = out.join(format!("{name}{suffix}"));
        fs::write(&path, content).expect("OUT_DIR can be written");
        format!("include_bytes!({:?})", path.to_str().expect("OUT_DIR is UTF-8"))
    };
    let variant = |suffix: &str, content: Vec<u8>| {
        let pays = content.len() < asset.content.len();
        if pays { format!("Some({})", keep(suffix, &content)) } else { "None".to_owned() }
    };
    let (brotli, gzip) = if asset.content.len() < WORTH_COMPRESSING {
        ("None".to_owned(), "None".to_owned())
    } else {
        (variant(".br", brotli(&asset.content)), variant(".gz", gzip(&asset.content)))
    };
    let imports: Vec<&str> = asset.imports.iter().map(|import| all[import].hashed.as_str()).collect();
    writeln!(
        table,
        "Asset {{ name: {name:?}, hashed: {:?}, content_type: {:?}, integrity: \"sha384-{}\", imports: &{imports:?}, \
         plain: {}, brotli: {brotli}, gzip: {gzip} }},",
        asset.hashed,
        content_type(name).expect("checked when collected"),
        STANDARD.encode(Sha384::digest(&asset.content)),
        keep("", &asset.content),
    )
    .expect("text can be written");
}

fn brotli(content: &[u8]) -> Vec<u8> {
    let parameters = brotli::enc::BrotliEncoderParams { quality: 11, lgwin: 22, ..Default::default() };
    let mut out = Vec::new();
    brotli::BrotliCompress(&mut &content[..], &mut out, &parameters).expect("memory can be written");
    out
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(content).expect("memory can be written");
    encoder.finish().expect("memory can be written")
}
