//! The simulated platform.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;

use crate::sandbox::faults::Kind;
use crate::sandbox::jushuitan::calls::Calls;
use crate::sandbox::jushuitan::documents::Documents;
use crate::sandbox::jushuitan::edit::{Edit, Pen, Writes};
use crate::sandbox::jushuitan::gate::{self, Moment};
use crate::sandbox::jushuitan::gateway::{Call, wrap};
use crate::sandbox::jushuitan::knobs::{Knobs, NAME, Pages, SWITCHES};
use crate::sandbox::jushuitan::query::Query;
use crate::sandbox::jushuitan::refusal::{self, Refusal};
use crate::sandbox::jushuitan::tokens::Tokens;
use crate::sandbox::jushuitan::{answer, grant, query, seed};
use crate::sandbox::shared::Shared;
use crate::sandbox::switches::Switch;
use crate::sandbox::wire::{Aim, Answer, Request, System};

/// The platform: both gateways over one merchant's documents.
pub struct Server {
    shared: Arc<Shared>,
    state: Mutex<State>,
}

struct State {
    documents: Documents,
    pen: Pen,
    tokens: Tokens,
    calls: Calls,
    /// The row version line the documents are on.
    ts_line: String,
    /// Pages behind the first that were asked for.
    later_pages: u64,
}

impl Server {
    /// A platform without documents.
    pub fn new(shared: Arc<Shared>) -> Self {
        let knobs = Knobs::read(&shared);
        let state = State {
            documents: Documents::default(),
            pen: Pen::new(0, knobs.tenant, shared.zone().clone()),
            tokens: Tokens::new(shared.now(NAME), knobs.token_life),
            calls: Calls::default(),
            ts_line: knobs.ts_restart,
            later_pages: 0,
        };
        Self { shared, state: Mutex::new(state) }
    }

    /// The state, brought up to the present: late writes that are due are seen, row versions are on their line.
    fn state(&self, knobs: &Knobs) -> MutexGuard<'_, State> {
        let mut guard = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let state = &mut *guard;
        state.documents.publish(self.shared.now(NAME));
        if state.ts_line != knobs.ts_restart {
            state.ts_line.clone_from(&knobs.ts_restart);
            seed::restart_ts(&mut state.documents, &mut state.pen, self.shared.zone());
        }
        guard
    }

    fn carry_out(&self, call: &Call, knobs: &Knobs, fault: Option<Kind>) -> Result<String, Refusal> {
        let moment = Moment { now: self.shared.now(NAME), monotonic: self.shared.clock().monotonic() };
        let mut guard = self.state(knobs);
        let state = &mut *guard;
        if fault == Some(Kind::SessionLoss) {
            state.tokens.expire(moment.now);
        }
        gate::pass(call, knobs, moment, &state.tokens, &mut state.calls)?;
        match fault {
            Some(Kind::Throttle) => return Err(refusal::second_limit()),
            Some(Kind::Refuse) => return Err(Refusal::new(150, "内部处理异常")),
            _ => {}
        }
        if call.is_grant() || call.method == "refresh.token" {
            return grant::grant(call, knobs, moment.now, &mut state.tokens);
        }
        let biz = call.business()?;
        if call.method == "shops.query" {
            return answer::shops(&biz, knobs.page.style);
        }
        let query = Query::read(&biz, self.shared.zone(), knobs.clamp)?;
        let skip = state.skip(&query, knobs.pages);
        let page = state.documents.page(&query.filter, skip, query.page_size, query.total);
        Ok(answer::shipments(&query, &page, knobs.page))
    }
}

/// One in so many later pages begins a row too late where pages shift.
const SHIFTS: u64 = 5;

impl State {
    /// Rows before the page asked for.
    fn skip(&mut self, query: &Query, pages: Pages) -> usize {
        let skip = query.page_index.saturating_sub(1).saturating_mul(query.page_size);
        if skip == 0 {
            return skip;
        }
        self.later_pages += 1;
        match pages {
            Pages::Repeat => skip - 1,
            Pages::Shift if self.later_pages % SHIFTS == 1 => skip.saturating_add(1),
            Pages::Shift | Pages::Steady => skip,
        }
    }
}

impl System for Server {
    fn name(&self) -> &'static str {
        NAME
    }

    fn calls(&self) -> Vec<&'static str> {
        gate::CALLS.to_vec()
    }

    fn aim(&self, request: &Request) -> Aim {
        let call = Call::read(request);
        call.map(|call| Aim { documents: call.documents(), call: call.method }).unwrap_or_default()
    }

    fn answer(&self, request: &Request, fault: Option<Kind>) -> Answer {
        if request.method != "POST" {
            return Answer::html(405, "405 Not Allowed");
        }
        let Some(call) = Call::read(request) else { return Answer::html(404, "404 Not Found") };
        let knobs = Knobs::read(&self.shared);
        let members = self.carry_out(&call, &knobs, fault);
        Answer::json(wrap(call.gateway, knobs.page.style, members))
    }

    fn seed(&self, seed: u64, documents: u64) {
        let knobs = Knobs::read(&self.shared);
        let zone = self.shared.zone().clone();
        let mut fresh = Documents::default();
        let mut pen = Pen::new(seed, knobs.tenant, zone.clone());
        pen.last_ts = knobs.ts_from.unwrap_or(seed::FIRST_TS);
        seed::fill(&mut fresh, &mut pen, seed, documents, self.shared.now(NAME), &zone);
        let mut state = self.state(&knobs);
        (state.documents, state.pen) = (fresh, pen);
    }

    fn edit(&self, body: &Value) -> Result<Vec<String>, String> {
        let edit = Edit::read(body)?;
        let knobs = Knobs::read(&self.shared);
        let writes = Writes {
            now: self.shared.now(NAME),
            zone: self.shared.zone().clone(),
            late: (knobs.late_commits > Duration::ZERO).then_some(knobs.late_commits),
            keep_modified: knobs.keep_modified,
            keep_ts: knobs.keep_ts,
        };
        let mut guard = self.state(&knobs);
        let state = &mut *guard;
        edit.run(&mut state.documents, &mut state.pen, &writes)
    }

    /// The access token ends: what comes nearest to a session here.
    fn kill_sessions(&self) {
        let now = self.shared.now(NAME);
        self.state(&Knobs::read(&self.shared)).tokens.expire(now);
    }

    fn documents(&self) -> String {
        let state = self.state(&Knobs::read(&self.shared));
        let texts: Vec<&str> = state.documents.iter().map(|record| &*record.text).collect();
        format!("[{}]", texts.join(","))
    }

    fn switches(&self) -> &'static [Switch] {
        &SWITCHES
    }

    fn delay(&self, request: &Request) -> Duration {
        let slow = Knobs::read(&self.shared).slow_pages;
        if slow.is_zero() {
            return slow;
        }
        let biz = Call::read(request).and_then(|call| call.business().ok()).unwrap_or_default();
        let page = query::paging(&biz, None).map_or(1, |(index, _)| index);
        slow.saturating_mul(u32::try_from(page).unwrap_or(u32::MAX))
    }
}
