//! The thread that owns the case on disk, so that no key waits for an fsync.
//!
//! Steps are journalled in the order they were made; `Message::Saved(n)` is sent only after the disk has them.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use tokio::sync::mpsc::UnboundedSender;

use super::journal::{CaseStore, StoreError};
use crate::app::Message;
use crate::model::case::{CaseDoc, EditStep};

enum Order {
    Journal { number: u64, step: EditStep },
    Save(Box<CaseDoc>),
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
    while let Ok(order) = inbox.recv() {
        let message = match order {
            Order::Journal { number, step } => match write_seed(&mut store, &mut seed).and_then(|()| store.append(&step)) {
                Ok(()) => Message::Saved(number),
                Err(error) => Message::SaveFailed(error.to_string()),
            },
            Order::Save(case) => match store.save(&case) {
                Ok(()) => continue,
                Err(error) => Message::SaveFailed(error.to_string()),
            },
        };
        let _ = messages.send(message);
    }
}

fn write_seed(store: &mut CaseStore, seed: &mut Option<CaseDoc>) -> Result<(), StoreError> {
    if let Some(case) = seed {
        store.save(case)?;
        *seed = None;
    }
    Ok(())
}
