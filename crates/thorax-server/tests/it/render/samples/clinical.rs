//! What doctors see.

use thorax_domain::prediction::{Diagnosis, Precision};
use thorax_server::web::view::{
    Choice, Confidence, DoctorHome, DoctorStatistics, FieldError, Filter, FormErrors, Html, NewPatientPage, Opinion,
    Outcome, PatientForm, PatientPage, PatientRow, PatientsPage, PreviousXRay, Progress, Provenance, ReadNetwork,
    Reading, Refusal, ReviewForm, Reviewed, Role, Stage, Status, Theme, UploadPage, UploadResult, Uploaded, ViewerFilm,
    WorklistPage, XRayPage, YesNo,
};

use super::{Sample, Template, flashes, frame, id, moment, pager, patient, result, row, sample, single_page};

const DOCTOR: Option<Role> = Some(Role::Doctor);

pub fn samples(theme: Theme) -> Vec<Sample> {
    [home(theme), worklists(theme), patients(theme), uploads(theme), xrays(theme)].into_iter().flatten().collect()
}

pub fn doctor_statistics() -> Html {
    let fragment = DoctorStatistics {
        total: 1_000_000,
        covid: 183_204,
        normal: 512_077,
        awaiting: 1_234,
        reviewed_by_me: 87,
        avg_confidence: Some(0.8734),
    };
    Html(fragment.render().unwrap())
}

fn home(theme: Theme) -> Vec<Sample> {
    let mut busy = frame("Dashboard", "/", DOCTOR, theme);
    busy.flashes = flashes();
    let home = DoctorHome {
        frame: busy,
        statistics: doctor_statistics(),
        recent: (0..8).map(row).collect(),
        waiting: [1, 2, 4, 5].map(row).to_vec(),
    };
    let empty = DoctorHome {
        frame: frame("Dashboard", "/", DOCTOR, theme),
        statistics: Html(
            DoctorStatistics { total: 0, covid: 0, normal: 0, awaiting: 0, reviewed_by_me: 0, avg_confidence: None }
                .render()
                .unwrap(),
        ),
        recent: Vec::new(),
        waiting: Vec::new(),
    };
    vec![
        result("home-doctor", "home_doctor", Some("/"), &home),
        result("home-doctor-empty", "home_doctor", Some("/"), &empty),
    ]
}

fn worklists(theme: Theme) -> Vec<Sample> {
    let choice = |value: &str| Choice { value: value.to_owned(), text: value.to_owned(), chosen: value == "web" };
    let list = WorklistPage {
        frame: frame("Worklist", "/worklist", DOCTOR, theme),
        filter: Filter { per_page: 25, sources: ["api", "dicom", "web"].map(choice).to_vec(), ..Filter::default() },
        rows: (0..25).map(row).collect(),
        pager: pager("/worklist"),
        export: "/worklist.csv".to_owned(),
    };
    let filtered = WorklistPage {
        filter: Filter {
            q: "\"><b>injected</b>".to_owned(),
            diagnosis: Some(Diagnosis::Covid),
            status: Some(Status::Completed),
            validated: YesNo::No,
            inconclusive: YesNo::Yes,
            min_confidence: "50".to_owned(),
            from: "2026-01-01".to_owned(),
            patient: Some((id(1), patient(3).name)),
            ..list.filter.clone()
        },
        rows: Vec::new(),
        pager: single_page(0),
        ..list.clone()
    };
    vec![
        result("worklist", "worklist", Some("/worklist"), &list),
        result("worklist-filtered", "worklist", Some("/worklist"), &filtered),
    ]
}

fn patients(theme: Theme) -> Vec<Sample> {
    let facts = |number: usize| PatientRow {
        facts: patient(number),
        created: moment(7),
        xrays: number as u64,
        last_xray: (number > 0).then(|| moment(number as u64)),
    };
    let list = PatientsPage {
        frame: frame("Patients", "/patients", DOCTOR, theme),
        q: "ok".to_owned(),
        rows: (0..12).map(facts).collect(),
        pager: single_page(12),
    };
    let one = PatientPage {
        frame: frame("Patient", "/patients", DOCTOR, theme),
        facts: patient(3),
        created: moment(9000),
        username: None,
        rows: (0..5).map(row).collect(),
        pager: single_page(5),
        may_erase: true,
    };
    let new = NewPatientPage {
        frame: frame("New patient", "/patients", DOCTOR, theme),
        form: PatientForm {
            full_name: "Li Wei".to_owned(),
            sex: "F".to_owned(),
            errors: FormErrors {
                general: None,
                fields: vec![
                    FieldError { field: "record_number", message: "There is a patient with this number.".to_owned() },
                    FieldError { field: "sex", message: "Choose one.".to_owned() },
                ],
            },
            ..PatientForm::default()
        },
    };
    vec![
        sample("patients", "patients", Some("/patients"), &list),
        result("patient", "patient", Some("/patients"), &one),
        sample("patient-new", "patient_new", Some("/patients"), &new),
    ]
}

fn refusals() -> Vec<Refusal> {
    let refusal = |code: &str, message: &str, measured, limit| Refusal {
        code: code.to_owned(),
        message: message.to_owned(),
        measured,
        limit,
    };
    vec![
        refusal("not_chest", "This does not look like a chest X-ray. (Likeliest: other, 97 %.)", 0.0123, 0.5),
        refusal(
            "too_small",
            "The film is too small to show what the networks look for; use the original.",
            120.0,
            200.0,
        ),
    ]
}

fn uploads(theme: Theme) -> Vec<Sample> {
    let empty = UploadPage {
        frame: frame("Upload X-rays", "/upload", DOCTOR, theme),
        record_number: String::new(),
        errors: FormErrors::default(),
        results: Vec::new(),
        maximum_files: 500,
        maximum_bytes: 64 << 20,
        retry_after: None,
        may_force: true,
    };
    let file =
        |file: &str, state, message: &str| UploadResult { file: file.to_owned(), state, message: message.to_owned() };
    let done = UploadPage {
        record_number: "R-020417".to_owned(),
        results: vec![
            file("chest-pa.dcm", Uploaded::Accepted { xray_id: id(1) }, "In the queue."),
            file(
                "chest-pa copy.dcm",
                Uploaded::Duplicate { xray_id: id(1) },
                "The patient has this very file already.",
            ),
            file("cat.jpg", Uploaded::Refused(refusals()), "Not read."),
            file("<b>injected</b>.png", Uploaded::Failed, "The file is cut short; export it again."),
        ],
        retry_after: Some(12),
        errors: FormErrors {
            general: None,
            fields: vec![FieldError { field: "files", message: "Choose at least one file.".to_owned() }],
        },
        ..empty.clone()
    };
    vec![
        result("upload", "upload", Some("/upload"), &empty),
        result("upload-results", "upload", Some("/upload"), &done),
    ]
}

const NETWORKS: [(&str, &str, [f64; 4]); 6] = [
    ("efficientnet-lite0", "EfficientNet-Lite0", [0.011, 0.181, 0.526, 0.282]),
    ("dinov2-vits14", "DINOv2 ViT-S/14", [0.009, 0.454, 0.362, 0.175]),
    ("xception", "Xception", [0.001, 0.107, 0.829, 0.063]),
    ("efficientnet-lite2", "EfficientNet-Lite2", [0.016, 0.156, 0.733, 0.095]),
    ("mobilenetv2", "MobileNetV2", [0.004, 0.160, 0.598, 0.238]),
    ("efficientnet-lite1", "EfficientNet-Lite1", [0.010, 0.479, 0.385, 0.126]),
];

fn outcome() -> Outcome {
    let opinion = |(name, title, probabilities): &(&str, &str, [f64; 4])| {
        let (class, most) = probabilities.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1)).unwrap();
        Opinion {
            name: (*name).to_owned(),
            title: (*title).to_owned(),
            diagnosis: Diagnosis::ALL[class],
            confidence: Confidence(most),
            probabilities: *probabilities,
            milliseconds: 42.1,
            lung_share: (*name != "xception").then_some(Confidence(0.71)),
            heat: true,
        }
    };
    let hash = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".to_owned();
    Outcome {
        diagnosis: Some(Diagnosis::Normal),
        confidence: Some(Confidence(0.718)),
        probabilities: Some([0.001, 0.171, 0.718, 0.110]),
        prediction_set: vec![Diagnosis::Normal, Diagnosis::LungOpacity],
        coverage: 0.9,
        agreement: 4,
        voted: 6,
        inconclusive: true,
        reasons: vec![
            "More than one diagnosis is possible at 90 % coverage.".to_owned(),
            "Nearly all films of viral pneumonia that the networks learned from are of small children.".to_owned(),
        ],
        forced: Some(refusals()),
        opinions: NETWORKS.iter().map(opinion).collect(),
        provenance: Provenance {
            bundle: "two-views".to_owned(),
            bundle_sha256: hash.clone(),
            recipe: "crop_border 0.06, depth8, resize 224x224 bilinear, normalize 0/1".to_owned(),
            conformal_threshold: 0.71,
            minimum_votes: 4,
            engine: "onnxruntime 1.24.1".to_owned(),
            program: "0.1.0".to_owned(),
            input_sha256: hash.clone(),
            networks: NETWORKS
                .iter()
                .map(|(name, ..)| ReadNetwork {
                    name: (*name).to_owned(),
                    sha256: hash.clone(),
                    precision: Precision::F32,
                })
                .collect(),
        },
        timings: [("decode", 21.4), ("preprocess", 6.2), ("gate", 271.0), ("inference", 362.9), ("total", 2391.3)]
            .map(|(name, milliseconds)| Stage { name: name.to_owned(), milliseconds })
            .to_vec(),
        completed: moment(3),
    }
}

fn xray(theme: Theme, reading: Reading) -> XRayPage {
    let previous = |number: usize| PreviousXRay {
        xray_id: id(number as u64),
        created: moment(number as u64 * 2000),
        status: if number == 3 { Status::Refused } else { Status::Completed },
        diagnosis: (number != 3).then(|| Diagnosis::ALL[number % 4]),
        confidence: (number != 3).then_some(Confidence(0.93)),
        validated: number == 1,
        inconclusive: number == 2,
        view: Some("PA".to_owned()),
    };
    XRayPage {
        frame: frame("X-ray", "/worklist", DOCTOR, theme),
        film: ViewerFilm {
            xray_id: id(7),
            width: 1240,
            height: 1104,
            bits: 16,
            format: "DICOM, Explicit VR Little Endian".to_owned(),
            bytes: 7_223_110,
            sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".to_owned(),
            view: Some("PA".to_owned()),
            source: "web".to_owned(),
            age_years: Some(54),
            uploaded_by: "doctor".to_owned(),
            created: moment(10),
        },
        patient: patient(3),
        prediction_id: Some(id(9)),
        reading,
        reviewed: None,
        review: None,
        previous: (1..4).map(previous).collect(),
        other_predictions: vec![(format!("/xrays/{}?prediction={}", id(7), id(8)), moment(800), Status::Refused)],
        next_in_list: Some(format!("/xrays/{}?list=2", id(8))),
        previous_in_list: Some(format!("/xrays/{}?list=0", id(6))),
        list: "/worklist?page=3".to_owned(),
        may_predict: true,
        may_force: false,
        may_delete: true,
    }
}

fn xrays(theme: Theme) -> Vec<Sample> {
    let completed = || xray(theme, Reading::Completed(Box::new(outcome())));
    let review = ReviewForm {
        verdict: "corrected".to_owned(),
        errors: FormErrors {
            general: None,
            fields: vec![FieldError { field: "label", message: "Choose the diagnosis that is right.".to_owned() }],
        },
        notes: "</textarea><b>injected</b>".to_owned(),
        label: None,
    };
    let signed = |validated| Reviewed {
        verdict: if validated { "corrected" } else { "unsure" }.to_owned(),
        label: validated.then_some(Diagnosis::LungOpacity),
        notes: "Patchy opacity in the left lower zone. <b>injected</b>".to_owned(),
        by: "Dr. Dana Doctor".to_owned(),
        at: moment(1),
        validated,
    };
    let working = Progress {
        status: Status::Running,
        stage: "Network 3 of 6: Xception".to_owned(),
        done: 2,
        total: 6,
        ahead: None,
    };
    let waiting = Progress { status: Status::Pending, stage: "Waits".to_owned(), done: 0, total: 6, ahead: Some(12) };
    let forced = XRayPage { may_force: true, ..xray(theme, Reading::Refused(refusals())) };
    let nobody = Outcome {
        diagnosis: None,
        confidence: None,
        probabilities: None,
        prediction_set: Vec::new(),
        agreement: 0,
        voted: 3,
        forced: None,
        ..outcome()
    };
    let list = Some("/worklist");
    vec![
        result("xray-review", "xray", list, &XRayPage { review: Some(ReviewForm::default()), ..completed() }),
        result(
            "xray-review-wrong",
            "xray",
            list,
            &XRayPage { review: Some(review), reviewed: Some(signed(false)), ..completed() },
        ),
        result("xray-settled", "xray", list, &XRayPage { reviewed: Some(signed(true)), ..completed() }),
        result("xray-no-diagnosis", "xray", list, &xray(theme, Reading::Completed(Box::new(nobody)))),
        result("xray-running", "xray", list, &xray(theme, Reading::Working(working))),
        result("xray-pending", "xray", list, &xray(theme, Reading::Working(waiting))),
        result("xray-refused", "xray", list, &forced),
        result(
            "xray-failed",
            "xray",
            list,
            &xray(theme, Reading::Failed("The file is cut short; export it again.".to_owned())),
        ),
        result("xray-cancelled", "xray", list, &xray(theme, Reading::Cancelled)),
        result("xray-none", "xray", list, &XRayPage { prediction_id: None, ..xray(theme, Reading::None) }),
    ]
}
