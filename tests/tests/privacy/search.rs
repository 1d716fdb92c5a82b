//! What must stand in no log: a person's name or address, a secret, a picture's bytes.
//!
//! Names, addresses and secrets are searched as they are, and word by word. A picture has no
//! fixed bytes, so whatever could be one is searched by its shape: far more numbers in a row, or
//! far longer an unbroken word, than anything that a log of ours has to say.

/// Longest unbroken word of a log line. A signature is 86 characters, a path of a test's
/// temporary folder under 150; the smallest picture in which somebody can be made out is over
/// 600 bytes (docs/reference/protocol.md), and text makes any byte longer.
const WORD_MAX: usize = 400;

/// Most bare numbers in a row: a list of bytes as a program prints it. The longest honest one is
/// a home's sleeping place, 16 points.
const NUMBERS_MAX: usize = 64;

/// Shortest part of a name or address that is searched by itself: shorter ones are syllables of
/// honest words.
const PART_MIN: usize = 4;

/// Texts that must not be there, each with what it is.
#[derive(Default)]
pub(crate) struct Search(Vec<(&'static str, String)>);

impl Search {
    /// A name or an address: the whole and its parts.
    pub(crate) fn name(&mut self, what: &'static str, text: &str) {
        self.secret(what, text);
        let parts = text.split(|c: char| !c.is_alphabetic());
        let long = parts.filter(|part| part.chars().count() >= PART_MIN);
        self.0.extend(long.map(|part| (what, part.to_lowercase())));
    }

    /// A PIN, a token, a key: as it is.
    pub(crate) fn secret(&mut self, what: &'static str, text: &str) {
        assert!(!text.trim().is_empty(), "{what} is empty");
        self.0.push((what, text.to_lowercase()));
    }

    /// How many texts are searched for.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// What of it stands in a log, with the line; empty if nothing does.
    pub(crate) fn found_in(&self, log: &str) -> Vec<String> {
        log.lines().flat_map(|line| self.found_on(line)).collect()
    }

    fn found_on(&self, line: &str) -> Vec<String> {
        let small = line.to_lowercase();
        let words = self.0.iter().filter(|(_, text)| small.contains(text));
        let mut found: Vec<String> = words.map(|(what, _)| format!("{what}: {line}")).collect();
        if is_like_a_picture(line) {
            let start: String = line.chars().take(300).collect();
            found.push(format!("bytes like a picture's: {start} ..."));
        }
        found
    }
}

fn is_like_a_picture(line: &str) -> bool {
    let longest = line.split_whitespace().map(str::len).max();
    if longest.is_some_and(|length| length > WORD_MAX) {
        return true;
    }
    let pieces = line.split([',', ' ', '[', ']']).filter(|it| !it.is_empty());
    let mut row = 0;
    for piece in pieces {
        row = if piece.parse::<f64>().is_ok() {
            row + 1
        } else {
            0
        };
        if row > NUMBERS_MAX {
            return true;
        }
    }
    false
}

#[test]
fn what_is_planted_is_found() {
    let mut search = Search::default();
    search.name("name", "Astrid Exempelsson");
    search.name("address", "Påhittsgatan 12 B");
    search.secret("PIN", "493027");
    let planted = [
        "INFO hub: opened name=Astrid Exempelsson",
        "TRACE hub: row Resident { name: \"ASTRID E.\" }",
        "INFO page at påhittsgatan",
        "DEBUG form who=natt-001&pin=493027",
        &format!("TRACE frame={:?}", vec![17_u8; 65]),
        &format!("TRACE frame={:02x?}", [0.5_f32; 80]),
        &format!("TRACE body={}", "QUJD".repeat(110)),
    ];
    for line in planted {
        let log = format!("INFO hub: watches homes=4\n{line}\nINFO ended");
        assert!(!search.found_in(&log).is_empty(), "{line}");
    }
    let honest =
        "TRACE nattsyn_detector::eye::seeing: 4 of 10 frames score=0.25 r0000001.20261121.1";
    assert_eq!(search.found_in(honest), Vec::<String>::new());
}
