//! The thread that owns the case on disk, so that no key waits for an fsync.
//!
//! Steps are journalled in the order they were made; `Message::Saved(n)` is sent only after the disk has them.
//! About once a second it looks whether others changed the files; what they wrote is merged, never overwritten.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;

use super::journal::{CaseStore, Outside, StoreError, Version};
use crate::app::Message;
use crate::app::message::RecordVersion;
use crate::model::AnnotationId;
use crate::model::case::{CaseDoc, EditStep};

/// A pull is seen soon, and nobody notices two calls of the system.
const LOOK: Duration = Duration::from_secs(1);

enum Order {
    Journal { number: u64, step: EditStep },
    Save(Box<CaseDoc>),
    Merge { revision: u64, case: Box<CaseDoc> },
    History(AnnotationId),
}

/// Handle of the saving thread.
pub struct Saver {
    orders: Option<Sender<Order>>,
    thread: Option<JoinHandle<()>>,
}

impl Saver {
    /// Starts the thread.
    ///
    /// `seed` is a case that is shown but not in the folder yet (the demo's): it is written before the first edit,
    /// so that the journal always continues what is on disk.
    pub fn start(store: CaseStore, seed: Option<CaseDoc>, messages: UnboundedSender<Message>) -> Self {
        let (orders, inbox) = channel();
        let thread = std::thread::spawn(move || serve(store, seed, &inbox, &messages));
        Self { orders: Some(orders), thread: Some(thread) }
    }

    /// Appends a step to the journal.
    pub fn journal(&self, number: u64, step: EditStep) {
        self.send(Order::Journal { number, step });
    }

    /// Writes the case files.
    pub fn save(&self, case: Box<CaseDoc>) {
        self.send(Order::Save(case));
    }

    /// Merges what others wrote into a case, then `Message::CaseMerged`.
    pub fn merge(&self, revision: u64, case: Box<CaseDoc>) {
        self.send(Order::Merge { revision, case });
    }

    /// Tells how a record came to be, everything ordered so far included, then `Message::History`.
    pub fn history(&self, id: AnnotationId) {
        self.send(Order::History(id));
    }

    fn send(&self, order: Order) {
        if let Some(orders) = &self.orders {
            // A thread that is gone has said why by a message.
            let _ = orders.send(order);
        }
    }

    /// Waits until everything ordered so far is on disk.
    pub fn finish(mut self) {
        self.orders.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(mut store: CaseStore, mut seed: Option<CaseDoc>, inbox: &Receiver<Order>, messages: &UnboundedSender<Message>) {
    // What could not be saved because others wrote: the explorer merges it, unless it leaves before.
    let mut put_off: Option<Box<CaseDoc>> = None;
    store.has_moved();
    loop {
        let order = match inbox.recv_timeout(LOOK) {
            Ok(order) => order,
            Err(RecvTimeoutError::Timeout) => {
                if store.has_moved() {
                    let _ = messages.send(Message::CaseMoved);
                }
                continue;
            }
            Err(RecvTimeoutError::Disconnected) => break,
        };
        let message = match order {
            Order::Journal { number, step } => match write_seed(&mut store, &mut seed).and_then(|()| store.append(&step)) {
                Ok(()) => Message::Saved(number),
                Err(error) => Message::SaveFailed(error.to_string()),
            },
            Order::Save(case) => match store.save(&case) {
                Ok(()) => {
                    put_off = None;
                    continue;
                }
                Err(StoreError::ChangedOnDisk { .. }) => {
                    put_off = Some(case);
                    Message::CaseMoved
                }
                Err(error) => Message::SaveFailed(error.to_string()),
            },
            Order::History(id) => Message::History(id.clone(), store.history(&id).into_iter().map(version).collect()),
            Order::Merge { revision, case } => match store.merge_outside(&case) {
                Ok(Some(Outside { doc, words })) => Message::CaseMerged { revision, case: Box::new(doc), words },
                Ok(None) => continue,
                Err(error) => Message::SaveFailed(error.to_string()),
            },
        };
        let _ = messages.send(message);
    }
    if let Some(case) = put_off
        && let Err(error) = store.save_merged(&case)
    {
        let _ = messages.send(Message::SaveFailed(error.to_string()));
    }
}

fn version(version: Version) -> RecordVersion {
    // Who made a record, the record says itself.
    let step = if version.by.is_empty() || version.before.is_none() { version.step } else { format!("{} by {}", version.step, version.by) };
    RecordVersion { step, before: version.before.map(Box::new), after: version.after.map(Box::new) }
}

fn write_seed(store: &mut CaseStore, seed: &mut Option<CaseDoc>) -> Result<(), StoreError> {
    if let Some(case) = seed {
        store.save(case)?;
        *seed = None;
    }
    Ok(())
}
