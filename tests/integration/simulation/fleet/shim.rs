use super::table::SimTable;
use lapwing::store::table::{Item, Place, Table};
use chrono::{DateTime, Utc};
use lapwing::store::{*};
use lapwing_detectors::alert::Alert;
use lapwing_detectors::detector::Engine;
use lapwing_detectors::group::Book;
use lapwing_detectors::entity::Entity;
use lapwing_detectors::judge::Judged;
use lapwing_detectors::observe::Learnt;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
thread_local! { pub static MEM: RefCell<Option<Rc<RefCell<MemoryStore>>>> = RefCell::new(None); }
pub struct SharedStore<T> { table: T, mem: Rc<RefCell<MemoryStore>> }
impl SharedStore<SimTable> {
    pub fn new(table: SimTable, engine: Arc<Engine>, _o: u64) -> Self {
        let lateness = engine.lateness;
        let mem = MEM.with(|m| m.borrow_mut().get_or_insert_with(|| Rc::new(RefCell::new(MemoryStore::new(engine, lateness, Limits::default(), Retention::Week)))).clone());
        SharedStore { table, mem }
    }
    pub async fn book_of(&mut self, entity: &Entity) -> Result<Book, StoreError> {
        let pages = self.mem.borrow().book().pages();
        let mut b = Book::default();
        if entity.family as u8 == 0 { }
        let _ = entity;
        b.restore(pages);
        Ok(b)
    }
}
fn ready<T>(future: impl Future<Output = T>) -> T { super::oracle::ready(future) }
impl StateStore for SharedStore<SimTable> {
    async fn exchange(&mut self, learnt: Learnt) -> Result<Vec<Due>, StoreError> {
        for (e, h, _) in &learnt.cells {
            let item = Item { place: Place { key: super::parts::key_of(e), sort: format!("c{:010}.00", i64::from(i32::MAX) - i64::from(h.0)).into() }, version: 1, body: [].into(), expires: DateTime::<Utc>::MAX_UTC };
            self.table.put(&item).await.map_err(|e| StoreError { what: e.what })?;
        }
        ready(self.mem.borrow_mut().exchange(learnt))
    }
    async fn due(&mut self, now: DateTime<Utc>) -> Result<Vec<Due>, StoreError> { ready(self.mem.borrow_mut().due(now)) }
    async fn fold(&mut self, j: Vec<Judged>, g: &Judge<'_>, now: DateTime<Utc>) -> Result<Vec<Found>, StoreError> { ready(self.mem.borrow_mut().fold(j, g, now)) }
    fn unsaid(&mut self, now: DateTime<Utc>) -> Vec<Alert> { self.mem.borrow_mut().unsaid(now) }
    async fn said(&mut self, alert: &Alert) -> Result<(), StoreError> { ready(self.mem.borrow_mut().said(alert)) }
}
