//! Fills the simulated merchant.

use std::time::Duration;

use fastrand::Rng;
use serde_json::{Map, Value};

use crate::clock::{Time, Zone};
use crate::sandbox::jushuitan::documents::Documents;
use crate::sandbox::jushuitan::edit::Pen;
use crate::sandbox::jushuitan::maker::Maker;
use crate::sandbox::jushuitan::record::Record;

/// Row versions begin above 2^32, so that a 32 bit integer breaks.
pub const FIRST_TS: u64 = 5_873_112_994;

/// Where a restarted line of row versions begins.
const RESTARTED_TS: u64 = 1_000;

/// The oldest change lies this far back, so that a start seven days ago covers all.
const OLDEST: u64 = 7 * 86_400 - 3_600;
/// The newest change lies this far back: nothing is in the future, also for a reader whose clock is behind.
const NEWEST: u64 = 120;

/// Fills with `count` documents changed within the last seven days before `now`. Row versions follow the times,
/// with gaps.
pub fn fill(documents: &mut Documents, pen: &mut Pen, seed: u64, count: u64, now: Time, zone: &Zone) {
    let mut rng = Rng::with_seed(seed.rotate_left(32) ^ 0x7473);
    let now = now.whole_seconds();
    let back = (0..count).map(|_| Duration::from_secs(rng.u64(NEWEST..OLDEST)));
    let mut times: Vec<(Time, usize)> = back.enumerate().map(|(at, back)| (now.minus(back), at)).collect();
    times.sort_unstable();
    let mut stamps = vec![(now, 0); times.len()];
    for (time, at) in times {
        pen.last_ts += rng.u64(1..50);
        if let Some(stamp) = stamps.get_mut(at) {
            *stamp = (time, pen.last_ts);
        }
    }
    for (modified, ts) in stamps {
        match made(&mut pen.maker, modified, ts, zone) {
            Ok(record) => documents.put(record),
            Err(error) => tracing::error!(error, "a made shipment could not be read"),
        }
    }
}

/// The maker's next document as a record.
pub fn made(maker: &mut Maker, modified: Time, ts: u64, zone: &Zone) -> Result<Record, String> {
    let text = serde_json::to_string(&maker.make(modified, ts)).map_err(|error| error.to_string())?;
    Record::read(text, zone)
}

/// The merchant moves to another database: row versions start again from a small number, in their old order.
pub fn restart_ts(documents: &mut Documents, pen: &mut Pen, zone: &Zone) {
    pen.last_ts = RESTARTED_TS;
    for io_id in documents.keys_by_ts() {
        pen.last_ts += pen.rng.u64(1..50);
        let Some(old) = documents.newest(io_id) else { continue };
        let Ok(mut document) = serde_json::from_str::<Map<String, Value>>(&old.text) else { continue };
        document.insert("ts".to_owned(), pen.last_ts.into());
        if let Ok(record) = Record::read(Value::Object(document).to_string(), zone) {
            documents.put(record);
        }
    }
}
