//! The client for the tokio runtime.
//!
//! What is dropped before it is done does no harm: a call that has not been sent yet is not sent, and
//! the answer of one that has been is dropped when it comes.

use crate::frame::{self, Incoming};
use crate::options::Backoff;
use crate::protocol::{Event, Request, Response};
use crate::wire::{Answer, Call};
use crate::{Error, Options, EVENTS_MAX};
use ::tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use ::tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use ::tokio::net::UnixStream;
use ::tokio::sync::{mpsc, oneshot};
use ::tokio::time::{self, Instant};
use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::mem;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Most calls that wait to be written.
const QUEUE_MAX: usize = 64;

/// A connection to the daemon, for any number of tasks.
///
/// Clones share the connection; it ends with the last of them and of what they gave out.
#[derive(Clone)]
pub struct Client {
    queue: mpsc::Sender<Order>,
    shared: Arc<Shared>,
    deadline: Option<Duration>,
}

impl Client {
    /// Connects. Has to be called within a runtime, in which a task then serves the connection.
    pub async fn open(options: Options) -> Result<Self, Error> {
        let (queue, orders) = mpsc::channel(QUEUE_MAX);
        let shared = Arc::new(Shared::default());
        let client = Self {
            queue,
            shared: shared.clone(),
            deadline: options.deadline,
        };

        ::tokio::spawn(Driver::new(options, orders, shared).run());
        client.connected(deadline_after(client.deadline)).await?;
        Ok(client)
    }

    /// The same client with another deadline for its calls; `None` for none.
    #[must_use]
    pub fn with_deadline(&self, time: impl Into<Option<Duration>>) -> Self {
        Self {
            deadline: time.into(),
            ..self.clone()
        }
    }

    /// Sends a call and waits for its answer.
    pub async fn call<A>(&self, call: Call<A>) -> Result<A, Error> {
        self.send(call).await?.wait().await
    }

    /// Hands a call over to be sent, after those that were before it; its answer can be waited for
    /// later. The deadline is one for both.
    pub async fn send<A>(&self, call: Call<A>) -> Result<Pending<A>, Error> {
        let until = deadline_after(self.deadline);
        let (order, result) = Order::new(Some(call.request));
        let taken = order.taken.clone();

        self.order(order, until).await?;
        Ok(Pending {
            result,
            answer: call.answer,
            taken,
            until,
            _queue: self.queue.clone(),
        })
    }

    /// What the daemon tells unasked, from now on.
    pub fn events(&self) -> Events {
        let (queue, events) = mpsc::channel(EVENTS_MAX);
        let missed = Arc::new(AtomicU64::new(0));

        self.shared.subscribers().push(Subscriber {
            queue,
            missed: missed.clone(),
        });
        Events {
            events,
            missed,
            client: self.with_deadline(None),
        }
    }

    /// How many events came that this version of the contract doesn't know.
    pub fn unknown_events(&self) -> u64 {
        self.shared.unknown_events.load(Ordering::Relaxed)
    }

    async fn order(&self, order: Order, until: Option<Instant>) -> Result<(), Error> {
        within(until, self.queue.send(order))
            .await
            .ok_or(Error::Deadline { sent: false })?
            .map_err(|_| frame::ended())
    }

    /// Waits until there is a connection.
    async fn connected(&self, until: Option<Instant>) -> Result<(), Error> {
        let (order, result) = Order::new(None);

        self.order(order, until).await?;
        match within(until, result).await {
            Some(result) => result.unwrap_or_else(|_| Err(frame::ended())).map(drop),
            None => Err(Error::Deadline { sent: false }),
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

/// A call that is on its way.
#[must_use = "the answer has to be waited for"]
pub struct Pending<A> {
    result: oneshot::Receiver<Outcome>,
    answer: Answer<A>,
    taken: Arc<AtomicBool>,
    until: Option<Instant>,
    _queue: mpsc::Sender<Order>,
}

impl<A> Pending<A> {
    /// Waits for the answer. One that comes after the deadline is dropped.
    pub async fn wait(self) -> Result<A, Error> {
        let result = match within(self.until, self.result).await {
            Some(result) => result.unwrap_or_else(|_| Err(frame::ended())),
            None => {
                let sent = self.taken.swap(true, Ordering::AcqRel);
                return Err(Error::Deadline { sent });
            }
        };
        match result? {
            Some(response) => (self.answer)(response).map_err(Error::Unexpected),
            None => Err(frame::ended()),
        }
    }
}

impl<A> fmt::Debug for Pending<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending").finish_non_exhaustive()
    }
}

/// A stream of events, which doesn't end.
#[derive(Debug)]
pub struct Events {
    events: mpsc::Receiver<Result<Event, Error>>,
    missed: Arc<AtomicU64>,
    client: Client,
}

impl Events {
    /// The next event.
    ///
    /// An error says that there is no connection and that events may have been missed; the next
    /// event is waited for on a new connection. No event is lost if this is dropped before it is
    /// done, as in `select!`.
    pub async fn next(&mut self) -> Result<Event, Error> {
        ::tokio::select! {
            biased;
            event = self.events.recv() => return event.unwrap_or_else(|| Err(frame::ended())),
            connected = self.client.connected(None) => connected?,
        }
        self.events
            .recv()
            .await
            .unwrap_or_else(|| Err(frame::ended()))
    }

    /// How many events were dropped because they were not taken in time.
    pub fn missed(&self) -> u64 {
        self.missed.load(Ordering::Relaxed)
    }
}

fn deadline_after(time: Option<Duration>) -> Option<Instant> {
    time.and_then(|time| Instant::now().checked_add(time))
}

/// `None` if it takes longer.
async fn within<F: Future>(until: Option<Instant>, what: F) -> Option<F::Output> {
    match until {
        Some(end) => time::timeout_at(end, what).await.ok(),
        None => Some(what.await),
    }
}

type Outcome = Result<Option<Response>, Error>;

/// What somebody wants of the task that serves the connection.
struct Order {
    /// Nothing but to be connected if there is none.
    request: Option<Request>,
    /// Set by who comes first: the task that begins to send it, or the caller who gives up.
    taken: Arc<AtomicBool>,
    slot: oneshot::Sender<Outcome>,
    /// It was tried on a connection before.
    repeated: bool,
}

impl Order {
    fn new(request: Option<Request>) -> (Self, oneshot::Receiver<Outcome>) {
        let (slot, outcome) = oneshot::channel();
        let order = Self {
            request,
            taken: Arc::default(),
            slot,
            repeated: false,
        };
        (order, outcome)
    }

    /// Whether its caller has given up; if not, it counts as sent from now on.
    fn is_void(&self) -> bool {
        self.slot.is_closed() || self.taken.swap(true, Ordering::AcqRel) && !self.repeated
    }
}

#[derive(Default)]
struct Shared {
    subscribers: Mutex<Vec<Subscriber>>,
    unknown_events: AtomicU64,
}

impl Shared {
    fn subscribers(&self) -> MutexGuard<'_, Vec<Subscriber>> {
        self.subscribers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, event: &Result<Event, Error>) {
        self.subscribers()
            .retain(|one| match one.queue.try_send(event.clone()) {
                Ok(()) => true,
                Err(mpsc::error::TrySendError::Full(_)) => {
                    one.missed.fetch_add(1, Ordering::Relaxed);
                    true
                }
                Err(mpsc::error::TrySendError::Closed(_)) => false,
            });
    }
}

struct Subscriber {
    queue: mpsc::Sender<Result<Event, Error>>,
    missed: Arc<AtomicU64>,
}

/// The task that serves the connection.
struct Driver {
    options: Options,
    orders: mpsc::Receiver<Order>,
    shared: Arc<Shared>,
    link: Mutex<Link>,
    /// An order that was not sent whole on the last connection.
    held: Option<Order>,
}

/// What reading and writing have in common.
#[derive(Default)]
struct Link {
    backoff: Backoff,
    last_id: u64,
    /// Who waits for which answer; also those who gave up, until it comes.
    waiting: BTreeMap<u64, oneshot::Sender<Outcome>>,
}

impl Driver {
    fn new(options: Options, orders: mpsc::Receiver<Order>, shared: Arc<Shared>) -> Self {
        Self {
            options,
            orders,
            shared,
            link: Mutex::default(),
            held: None,
        }
    }

    async fn run(mut self) {
        while let Some(first) = self.next_order().await {
            match self.connect(&first).await {
                Some(Ok(stream)) => match self.serve(stream, first).await {
                    Some(end) => self.lost(end),
                    None => return,
                },
                Some(Err(error)) => self.refuse(first, error),
                None => {}
            }
        }
    }

    /// The next one that somebody still waits for; none when nobody can give one any more.
    async fn next_order(&mut self) -> Option<Order> {
        if let Some(order) = self.held.take() {
            return Some(order);
        }
        loop {
            let order = self.orders.recv().await?;
            if !order.slot.is_closed() {
                return Some(order);
            }
        }
    }

    /// Nothing if nobody waits for that order any more.
    async fn connect(&self, first: &Order) -> Option<Result<UnixStream, Error>> {
        let start = Instant::now();
        loop {
            let pause = lock(&self.link).backoff.left();
            if !pause.is_zero() {
                time::sleep(pause).await;
            }
            if first.slot.is_closed() {
                return None;
            }
            lock(&self.link).backoff.tried();
            match UnixStream::connect(&self.options.socket).await {
                Err(error) if self.options.is_patient(&error, start.elapsed()) => {}
                made => return Some(made.map_err(Error::connect)),
            }
        }
    }

    /// Serves one connection to its end, and tells why it ended; nothing if nobody needs it more.
    async fn serve(&mut self, stream: UnixStream, first: Order) -> Option<Error> {
        let (from, to) = stream.into_split();
        let (link, shared) = (&self.link, &*self.shared);
        let (orders, held) = (&mut self.orders, &mut self.held);

        ::tokio::select! {
            biased; // an end that can be seen is seen before something is written
            end = read(from, link, shared) => Some(end),
            end = write(to, link, first, orders, held) => end,
        }
    }

    fn lost(&mut self, end: Error) {
        for slot in mem::take(&mut lock(&self.link).waiting).into_values() {
            let _ = slot.send(Err(end.clone()));
        }
        self.shared.tell(&Err(end));
    }

    /// There is no connection for this order, nor for those that came meanwhile.
    fn refuse(&mut self, first: Order, error: Error) {
        let _ = first.slot.send(Err(error.clone()));
        while let Ok(order) = self.orders.try_recv() {
            let _ = order.slot.send(Err(error.clone()));
        }
    }
}

fn lock(link: &Mutex<Link>) -> MutexGuard<'_, Link> {
    link.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn read(from: OwnedReadHalf, link: &Mutex<Link>, shared: &Shared) -> Error {
    let mut reader = BufReader::new(from);
    let mut body = Vec::new();
    loop {
        let read = read_body(&mut reader, &mut body).await;
        if let Err(end) = read.and_then(|()| take(&body, link, shared)) {
            return end;
        }
    }
}

async fn read_body(reader: &mut BufReader<OwnedReadHalf>, body: &mut Vec<u8>) -> Result<(), Error> {
    let mut head = [0; 4];
    reader.read_exact(&mut head).await.map_err(Error::lost)?;
    let n = frame::body_length(head)?;
    body.clear();
    let got = reader
        .take(n)
        .read_to_end(body)
        .await
        .map_err(Error::lost)?;
    if got as u64 == n {
        Ok(())
    } else {
        Err(frame::ended())
    }
}

fn take(body: &[u8], link: &Mutex<Link>, shared: &Shared) -> Result<(), Error> {
    let incoming = frame::decode(body)?;
    let mut link = lock(link);
    link.backoff = Backoff::default();
    match incoming {
        Incoming::Answer { id, result } => {
            let slot = frame::take_slot(&mut link.waiting, id, &result)?;
            let _ = slot.send(result.map(Some));
        }
        Incoming::Event(event) => shared.tell(&Ok(event)),
        Incoming::UnknownEvent => {
            shared.unknown_events.fetch_add(1, Ordering::Relaxed);
        }
    }
    Ok(())
}

/// Writes one order after another; ends without an error when nobody can give one any more.
async fn write(
    mut to: OwnedWriteHalf,
    link: &Mutex<Link>,
    first: Order,
    orders: &mut mpsc::Receiver<Order>,
    held: &mut Option<Order>,
) -> Option<Error> {
    let mut order = first;
    loop {
        if let Err(end) = write_one(&mut to, link, order, held).await {
            return Some(end);
        }
        order = orders.recv().await?;
    }
}

/// Writes an order's request, unless its caller has given up. If the connection breaks before it is
/// whole, it can't have been carried out, and is kept for one more connection.
async fn write_one(
    to: &mut OwnedWriteHalf,
    link: &Mutex<Link>,
    order: Order,
    held: &mut Option<Order>,
) -> Result<(), Error> {
    let is_void = order.is_void();
    let Order {
        request,
        taken,
        slot,
        repeated,
    } = order;
    let request = match request {
        Some(request) if !is_void => request,
        _ => {
            let _ = slot.send(Ok(None));
            return Ok(());
        }
    };
    let id = lock(link).last_id + 1;
    let bytes = match frame::encode(id, &request) {
        Ok(bytes) => bytes,
        Err(error) => {
            let _ = slot.send(Err(error));
            return Ok(());
        }
    };
    {
        let mut link = lock(link);
        link.last_id = id;
        link.waiting.insert(id, slot);
    }
    let error = match to.write_all(&bytes).await {
        Ok(()) => return Ok(()),
        Err(error) => Arc::new(error),
    };
    if let Some(slot) = lock(link).waiting.remove(&id) {
        if repeated {
            let _ = slot.send(Err(Error::Connect(error.clone())));
        } else {
            *held = Some(Order {
                request: Some(request),
                taken,
                slot,
                repeated: true,
            });
        }
    }
    Err(Error::Lost(error))
}
