//! Sample contacts: realistic, with the awkward characters and the mistakes that real files have.
//!
//! The same number gives the same contacts.

use std::path::{Path, PathBuf};

use query::{Limits, Table};

/// The files made.
pub(crate) struct Files {
    pub(crate) contacts: PathBuf,
    pub(crate) scores: PathBuf,
}

/// Contacts that are always there, to be read back.
pub(crate) const WELL_KNOWN: [&str; 3] =
    ["zoe.muller+1@example.com", "sinead.oconnor+2@example.com", "taro.yamada+3@example.com"];

const FIRST: [(&str, &str); 24] = [
    ("Zoë", "zoe"),
    ("Sinéad", "sinead"),
    ("太郎", "taro"),
    ("Ada", "ada"),
    ("Grace", "grace"),
    ("José", "jose"),
    ("Мария", "maria"),
    ("Nguyễn", "nguyen"),
    ("Ahmed", "ahmed"),
    ("Olu", "olu"),
    ("Chloé", "chloe"),
    ("Łukasz", "lukasz"),
    ("Björn", "bjorn"),
    ("Priya", "priya"),
    ("Mateo", "mateo"),
    ("Yuki", "yuki"),
    ("Fatima", "fatima"),
    ("Liam", "liam"),
    ("Anaïs", "anais"),
    ("Søren", "soren"),
    ("Elif", "elif"),
    ("Wei", "wei"),
    ("Noor", "noor"),
    ("Ivana", "ivana"),
];
const LAST: [(&str, &str); 20] = [
    ("Müller", "muller"),
    ("O'Connor", "oconnor"),
    ("山田", "yamada"),
    ("Lovelace", "lovelace"),
    ("Hopper", "hopper"),
    ("García Márquez", "garcia"),
    ("Ivanova", "ivanova"),
    ("Văn", "van"),
    ("al-Sayed", "alsayed"),
    ("Adeyemi", "adeyemi"),
    ("D'Arcy", "darcy"),
    ("Kowalski", "kowalski"),
    ("Åström", "astrom"),
    ("Sharma", "sharma"),
    ("Ñíguez", "niguez"),
    ("Tanaka", "tanaka"),
    ("Benali", "benali"),
    ("McAllister", "mcallister"),
    ("Lefèvre", "lefevre"),
    ("Yılmaz", "yilmaz"),
];
const COMPANIES: [&str; 12] = [
    "Acme & Sons",
    "Initech \"Labs\"",
    "Größe GmbH",
    "50% Off Ltd.",
    "Ünïcode, Inc.",
    "Smith; Jones",
    "北京科技",
    "Tyrell #1",
    "Back\\slash Co",
    "Plus+Minus",
    "Émigré SARL",
    "Stark <Industries>",
];
const TITLES: [&str; 8] =
    ["CTO", "Head of Ops", "Data Engineer", "VP, Marketing", "Einkäuferin", "Buyer/Planner", "CEO", "Analyst"];
const CITIES: [(&str, &str); 10] = [
    ("Zürich", "Switzerland"),
    ("Dublin", "Ireland"),
    ("東京", "Japan"),
    ("London", "United Kingdom"),
    ("New York", "United States"),
    ("São Paulo", "Brazil"),
    ("Köln", "Germany"),
    ("Hà Nội", "Vietnam"),
    ("Kraków", "Poland"),
    ("Nowhere", "Testland"),
];

/// The names of a contact's cells.
const CELLS: [&str; 9] =
    ["customer_id", "email", "first_name", "last_name", "company", "job_title", "city", "country", "comments"];

/// `count` contacts with their scores, as CSV.
pub(crate) fn csv(count: u64) -> Vec<u8> {
    let mut rows = csv::Writer::from_writer(Vec::new());
    // A writer into memory takes everything.
    let _ = rows.write_record(CELLS.iter().copied().chain(["score", "is_do_not_email"]));
    for contact in (1..=count).map(contact) {
        let cells = contact.cells.iter().map(String::as_str);
        let _ = rows.write_record(cells.chain([contact.score.as_str(), contact.do_not_email]));
    }
    rows.into_inner().unwrap_or_default()
}

/// Makes `count` contacts as Parquet and their scores as CSV.
pub(crate) async fn make(folder: &Path, count: u64) -> Result<Files, String> {
    let raw = folder.join("contacts.csv");
    let files = Files { contacts: folder.join("contacts.parquet"), scores: folder.join("scores.csv") };
    let text = |error: csv::Error| error.to_string();
    let mut contacts = csv::Writer::from_path(&raw).map_err(text)?;
    let mut scores = csv::Writer::from_path(&files.scores).map_err(text)?;
    contacts.write_record(CELLS).map_err(text)?;
    scores.write_record(["customer_id", "score", "is_do_not_email"]).map_err(text)?;
    for number in 1..=count {
        let contact = contact(number);
        contacts.write_record(&contact.cells).map_err(text)?;
        scores.write_record([&contact.cells[0], &contact.score, contact.do_not_email]).map_err(text)?;
    }
    contacts.flush().map_err(|error| error.to_string())?;
    scores.flush().map_err(|error| error.to_string())?;
    drop(contacts);
    let table = Table::parse(&format!("raw={}", raw.display())).map_err(|error| error.to_string())?;
    // The sample is the same whenever it is made.
    let limits = Limits { time: None, memory: 128 << 20, spill_dir: folder.to_owned(), scheduled_time: 0 };
    let sql = "SELECT CAST(customer_id AS BIGINT) AS customer_id, email, first_name, last_name, company, job_title, city, \
               country, comments FROM raw";
    query::freeze(sql, &[table], &limits, &files.contacts, std::future::pending(), &mut |_| {})
        .await
        .map_err(|error| error.to_string())?;
    std::fs::remove_file(&raw).map_err(|error| error.to_string())?;
    Ok(files)
}

struct Contact {
    cells: [String; 9],
    score: String,
    do_not_email: &'static str,
}

fn pick<T>(items: &[T], number: u64, salt: u64) -> &T {
    let mixed = (number.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ salt.wrapping_mul(0xbf58_476d_1ce4_e5b9)) >> 17;
    &items[usize::try_from(mixed % items.len() as u64).unwrap_or(0)]
}

fn contact(number: u64) -> Contact {
    // The first three are fixed, so that they can be read back by name.
    let at = usize::try_from(number - 1).unwrap_or(usize::MAX);
    let (first, last) =
        if at < 3 { (&FIRST[at], &LAST[at]) } else { (pick(&FIRST, number, 1), pick(&LAST, number, 2)) };
    let (city, country) = if at < 3 { &CITIES[at] } else { pick(&CITIES, number, 3) };
    let mut email = format!("{}.{}+{number}@example.com", first.1, last.1);
    let mut comments = match number % 40 {
        7 => "met at the fair,\nasked for a quote \"soon\"".to_owned(),
        13 => "tab\tand emoji 🎉, 100 %".to_owned(),
        _ => String::new(),
    };
    let mut score = (number.wrapping_mul(37) % 250).to_string();
    // Mistakes as they come: each kind in about one row of two hundred.
    match number % 199 {
        11 => email = email.replace('@', " at "),
        23 => score = "12x".into(),
        41 => email = String::new(),
        67 => comments = "very ".repeat(1_600),
        101 => email = contact_email(number - 101).unwrap_or(email).to_uppercase(),
        _ => {}
    }
    let do_not_email = ["false", "no", "0", "true", "FALSE"][usize::try_from(number % 5).unwrap_or(0)];
    Contact {
        cells: [
            number.to_string(),
            email,
            first.0.to_owned(),
            last.0.to_owned(),
            (*pick(&COMPANIES, number, 4)).to_owned(),
            (*pick(&TITLES, number, 5)).to_owned(),
            (*city).to_owned(),
            (*country).to_owned(),
            comments,
        ],
        score,
        do_not_email,
    }
}

/// The address of an earlier contact, which a duplicate repeats in capitals.
fn contact_email(number: u64) -> Option<String> {
    (number > 0).then(|| contact(number).cells[1].clone()).filter(|email| !email.is_empty())
}
