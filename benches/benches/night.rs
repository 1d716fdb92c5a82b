//! How fast the parts of a night are, beside a yardstick measured in the same run.
//!
//! A machine's own speed says little, so every run begins with SHA-256 of a mebibyte: divide by
//! it to compare two machines, and by the group's first figure to see what something costs on
//! top. Run with `cargo bench -p nattsyn-benches`; one group alone with its name behind `--`.
//! Networks, disks and processes are not measured here.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{BatchSize, BenchmarkId, Criterion};
use ed25519_dalek::SigningKey;
use jiff::civil::{Date, date};
use nattsyn_hub::commission::gate::Gate;
use nattsyn_hub::roster::{Home, Resident, Roster};
use nattsyn_hub::watch::{Moment, Planned, Saved, Watch};
use nattsyn_protocol::finding::Finding;
use nattsyn_protocol::ids::{BootId, HomeId, ResidentId, UnitId, WindowKey};
use nattsyn_protocol::plan::{LOOKS_AFTER_S, Plan, Window};
use nattsyn_protocol::report::Report;
use nattsyn_protocol::schedule::checks_of;
use nattsyn_protocol::signing::{PublicKey, Signed};
use nattsyn_protocol::time::{ClockState, Timestamp, Uptime};
use nattsyn_protocol::wire;
use sha2::{Digest as _, Sha256};

const NIGHT: Date = date(2026, 11, 21);

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(30)
        .measurement_time(Duration::from_secs(3))
        .warm_up_time(Duration::from_secs(1))
        .configure_from_args();
    yardstick(&mut criterion);
    reports(&mut criterion);
    plans(&mut criterion);
    watching(&mut criterion);
    criterion.final_summary();
}

fn yardstick(criterion: &mut Criterion) {
    let mebibyte = vec![7_u8; 1 << 20];
    criterion.bench_function("yardstick/sha256_of_a_mebibyte", |bench| {
        bench.iter(|| Sha256::digest(black_box(&mebibyte)));
    });
}

fn reports(criterion: &mut Criterion) {
    let key = SigningKey::from_bytes(&[3; 32]);
    let eye = PublicKey::of(&key);
    let report = report_of(&homes(1)[0]);
    let signed = Signed::seal(&report, &key);
    let body = wire::encode(&signed);
    let mut group = criterion.benchmark_group("report");
    group.bench_function("read_without_verifying", |bench| {
        bench.iter(|| wire::decode::<Signed>(black_box(&body)));
    });
    group.bench_function("read_and_verify", |bench| {
        bench.iter(|| {
            let signed: Signed = wire::decode(black_box(&body)).expect("written by this build");
            signed.open::<Report>(&eye).expect("signed with this key")
        });
    });
    group.bench_function("sign_and_write", |bench| {
        bench.iter(|| wire::encode(&Signed::seal(black_box(&report), &key)));
    });
    group.finish();
}

fn plans(criterion: &mut Criterion) {
    let plan = plan_of(&homes(1)[0]);
    criterion.bench_function("plan/checks_of_a_night", |bench| {
        bench.iter(|| checks_of(black_box(&plan), NIGHT));
    });
}

/// One report into the watch of ever more homes: what it costs should not grow with them.
fn watching(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("watch_takes_one_report");
    for count in [12_u64, 600, 5_000] {
        let homes = homes(count);
        let watch = watch_over(&homes);
        let report = report_of(&homes[0]);
        let now = moment_of(report.at_ms);
        group.bench_function(BenchmarkId::new("homes", count), |bench| {
            bench.iter_batched_ref(
                || watch.clone(),
                |watch| watch.handle_report(now, &report, Gate::Open),
                BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

/// So many homes of one resident each.
fn homes(count: u64) -> Vec<Home> {
    let eye = PublicKey::of(&SigningKey::from_bytes(&[3; 32]));
    let home = |index: u64| {
        // An id's characters come from single bytes, so the number is spread over base 32.
        let letters: [u8; 8] =
            std::array::from_fn(|place| (index >> (5 * place)).to_le_bytes()[0] % 32);
        Home {
            id: HomeId::from_random(letters),
            address: String::new(),
            unit: UnitId::from_random(letters),
            eye,
            residents: vec![Resident {
                id: ResidentId::from_random(letters),
                name: String::new(),
            }],
        }
    };
    (0..count).map(home).collect()
}

fn plan_of(home: &Home) -> Plan {
    let window = |key, from: &str, to: &str| {
        Window::nightly(
            WindowKey(key),
            from.parse().expect("a time of day"),
            to.parse().expect("a time of day"),
        )
    };
    Plan {
        resident: home.residents[0].id,
        unit: home.unit,
        version: 1,
        zone: "Europe/Stockholm".to_owned(),
        offset_s: 0,
        looks_after_s: LOOKS_AFTER_S.to_vec(),
        windows: vec![window(1, "23:00", "23:45"), window(2, "03:00", "03:45")],
        places: Vec::new(),
        ..Plan::bare(home.residents[0].id, home.unit)
    }
}

/// The home's first look of the night, made on time.
fn report_of(home: &Home) -> Report {
    let checks = checks_of(&plan_of(home), NIGHT).expect("an ordinary plan");
    Report {
        unit: home.unit,
        check: checks[0].id,
        look: 1,
        finding: Finding::Visible,
        at_ms: checks[0].looks[0].after(Duration::from_secs(8)),
        clock: ClockState::Synced,
        plan: 1,
        model: "9f86d081".to_owned(),
        boot: BootId(7),
        counter: 1,
        nonce: "000102030405060708090a0b0c0d0e0f".to_owned(),
    }
}

/// Uptime counted from 1970 serves: the watch only ever compares it.
fn moment_of(timestamp: Timestamp) -> Moment {
    let ms = u64::try_from(timestamp.as_ms()).expect("after 1970");
    Moment {
        uptime: Uptime(Duration::from_millis(ms)),
        timestamp,
    }
}

fn watch_over(homes: &[Home]) -> Watch {
    let mut checks = Vec::new();
    for home in homes {
        let tonight = checks_of(&plan_of(home), NIGHT).expect("an ordinary plan");
        let unit = home.unit;
        checks.extend(
            tonight
                .into_iter()
                .map(|check| Planned::digital(check, unit, 1)),
        );
    }
    let started = moment_of(checks[0].check.opens);
    let roster = Arc::new(Roster::new(homes.to_vec()));
    let mut watch = Watch::new(started, NIGHT, roster, Saved::default());
    watch.plan(started, checks);
    watch
}
