//! The client for threads.

use crate::frame::{self, Incoming};
use crate::options::Backoff;
use crate::protocol::{Event, Request, Response};
use crate::stream::{self, Until};
use crate::wire::{Answer, Call};
use crate::{Error, Options, EVENTS_MAX};
use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, BufReader};
use std::mem;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender, TrySendError};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// A connection to the daemon, for any number of threads.
///
/// Clones share the connection; it ends with the last of them and of what they gave out.
#[derive(Clone)]
pub struct Client {
    owner: Arc<Owner>,
    deadline: Option<Duration>,
}

impl Client {
    /// Connects.
    pub fn open(options: Options) -> Result<Self, Error> {
        let deadline = options.deadline;
        let owner = Arc::new(Owner(Arc::new(Shared::new(options))));
        let until = Until::after(deadline);

        drop(owner.0.connected(owner.0.lock(), until)?);
        Ok(Self { owner, deadline })
    }

    /// The same client with another deadline for its calls; `None` for none.
    #[must_use]
    pub fn with_deadline(&self, time: impl Into<Option<Duration>>) -> Self {
        Self {
            owner: self.owner.clone(),
            deadline: time.into(),
        }
    }

    /// Sends a call and waits for its answer.
    pub fn call<A>(&self, call: Call<A>) -> Result<A, Error> {
        self.send(call)?.wait()
    }

    /// Sends a call; its answer can be waited for later. Connects first if need be. The deadline
    /// is one for both.
    pub fn send<A>(&self, call: Call<A>) -> Result<Pending<A>, Error> {
        let until = Until::after(self.deadline);
        let result = self.owner.0.send(&call.request, until)?;

        Ok(Pending {
            result,
            answer: call.answer,
            until,
            _owner: self.owner.clone(),
        })
    }

    /// What the daemon tells unasked, from now on.
    pub fn events(&self) -> Events {
        let (queue, events) = mpsc::sync_channel(EVENTS_MAX);
        let missed = Arc::new(AtomicU64::new(0));

        self.owner.0.lock().subscribers.push(Subscriber {
            queue,
            missed: missed.clone(),
        });
        Events {
            events,
            missed,
            owner: self.owner.clone(),
        }
    }

    /// How many events came that this version of the contract doesn't know.
    pub fn unknown_events(&self) -> u64 {
        self.owner.0.unknown_events.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let socket = &self.owner.0.options.socket;
        f.debug_struct("Client")
            .field("socket", socket)
            .finish_non_exhaustive()
    }
}

/// A call that has been sent.
#[must_use = "the answer has to be waited for"]
pub struct Pending<A> {
    result: Receiver<Result<Response, Error>>,
    answer: Answer<A>,
    until: Until,
    _owner: Arc<Owner>,
}

impl<A> Pending<A> {
    /// Waits for the answer. An answer that comes after the deadline is dropped.
    pub fn wait(self) -> Result<A, Error> {
        let response = match self.until.receive(&self.result) {
            Ok(result) => result?,
            Err(RecvTimeoutError::Timeout) => return Err(Error::Deadline { sent: true }),
            Err(RecvTimeoutError::Disconnected) => return Err(frame::ended()),
        };
        (self.answer)(response).map_err(Error::Unexpected)
    }
}

impl<A> fmt::Debug for Pending<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending").finish_non_exhaustive()
    }
}

/// A stream of events, which doesn't end.
///
/// An error says that there is no connection and that events may have been missed; the next event
/// is waited for on a new connection.
pub struct Events {
    events: Receiver<Result<Event, Error>>,
    missed: Arc<AtomicU64>,
    owner: Arc<Owner>,
}

impl Events {
    /// The next event, waited for so long; [`Error::Deadline`] if there is none.
    pub fn next_within(&mut self, time: Duration) -> Result<Event, Error> {
        self.receive(Until::after(Some(time)))
    }

    /// How many events were dropped because they were not taken in time.
    pub fn missed(&self) -> u64 {
        self.missed.load(Ordering::Relaxed)
    }

    fn receive(&mut self, until: Until) -> Result<Event, Error> {
        if let Ok(event) = self.events.try_recv() {
            return event;
        }
        drop(self.owner.0.connected(self.owner.0.lock(), until)?);
        until
            .receive(&self.events)
            .unwrap_or(Err(Error::Deadline { sent: false }))
    }
}

impl Iterator for Events {
    type Item = Result<Event, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.receive(Until::after(None)))
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events")
            .field("missed", &self.missed())
            .finish_non_exhaustive()
    }
}

/// Ends the connection when nobody can use it any more; the thread that reads goes with it.
struct Owner(Arc<Shared>);

impl Drop for Owner {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.closed = true;
        if let Link::Up(stream) = &state.link {
            let _ = stream.shutdown(Shutdown::Both);
        }
        self.0.changed.notify_all();
    }
}

/// What callers and the thread that connects and reads have in common.
struct Shared {
    options: Options,
    state: Mutex<State>,
    /// The link or the turn to write changed.
    changed: Condvar,
    unknown_events: AtomicU64,
}

struct State {
    link: Link,
    /// Somebody has the turn to write.
    writing: bool,
    closed: bool,
    backoff: Backoff,
    last_id: u64,
    /// Who waits for which answer; also those who gave up, until it comes.
    waiting: BTreeMap<u64, SyncSender<Result<Response, Error>>>,
    subscribers: Vec<Subscriber>,
}

enum Link {
    /// And why it could not be made, if that was tried.
    Down(Option<Error>),
    Coming,
    Up(Arc<UnixStream>),
}

struct Subscriber {
    queue: SyncSender<Result<Event, Error>>,
    missed: Arc<AtomicU64>,
}

impl Subscriber {
    /// False if nobody listens any more.
    fn tell(&self, event: Result<Event, Error>) -> bool {
        match self.queue.try_send(event) {
            Ok(()) => true,
            Err(TrySendError::Full(_)) => {
                self.missed.fetch_add(1, Ordering::Relaxed);
                true
            }
            Err(TrySendError::Disconnected(_)) => false,
        }
    }
}

/// The right to write, which one caller has at a time.
struct Turn<'a>(&'a Shared);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.lock().writing = false;
        self.0.changed.notify_all();
    }
}

impl Shared {
    fn new(options: Options) -> Self {
        Self {
            options,
            state: Mutex::new(State {
                link: Link::Down(None),
                writing: false,
                closed: false,
                backoff: Backoff::default(),
                last_id: 0,
                waiting: BTreeMap::new(),
                subscribers: Vec::new(),
            }),
            changed: Condvar::new(),
            unknown_events: AtomicU64::new(0),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(
        &self,
        state: MutexGuard<'a, State>,
        until: Until,
    ) -> Result<MutexGuard<'a, State>, Error> {
        Ok(match until.left()? {
            Some(left) => {
                let woken = self.changed.wait_timeout(state, left);
                woken.unwrap_or_else(PoisonError::into_inner).0
            }
            None => self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner),
        })
    }

    // ---- callers ----

    /// Waits until there is a connection; makes one if nobody does.
    fn connected<'a>(
        self: &'a Arc<Self>,
        mut state: MutexGuard<'a, State>,
        until: Until,
    ) -> Result<(MutexGuard<'a, State>, Arc<UnixStream>), Error> {
        let mut tried = false;
        loop {
            match &state.link {
                Link::Up(stream) => {
                    let stream = stream.clone();
                    return Ok((state, stream));
                }
                Link::Down(Some(error)) if tried => return Err(error.clone()),
                Link::Down(_) => {
                    let shared = self.clone();
                    let named = thread::Builder::new().name("overlayd-client".into());
                    named.spawn(move || shared.run()).map_err(Error::connect)?;
                    state.link = Link::Coming;
                }
                Link::Coming => {}
            }
            tried = true;
            state = self.wait(state, until)?;
        }
    }

    fn turn(&self, until: Until) -> Result<Turn<'_>, Error> {
        let mut state = self.lock();
        while state.writing {
            state = self.wait(state, until)?;
        }
        state.writing = true;
        Ok(Turn(self))
    }

    /// Writes a request. If the connection breaks before it is whole, it can't have been carried
    /// out, and is written once more, on a new connection.
    fn send(
        self: &Arc<Self>,
        request: &Request,
        until: Until,
    ) -> Result<Receiver<Result<Response, Error>>, Error> {
        drop(self.connected(self.lock(), until)?);
        let _turn = self.turn(until)?;
        let mut repeated = false;
        loop {
            let (mut state, stream) = self.connected(self.lock(), until)?;
            let id = state.last_id + 1;
            let bytes = frame::encode(id, request)?;
            let (slot, result) = mpsc::sync_channel(1);
            state.last_id = id;
            state.waiting.insert(id, slot);
            drop(state);

            let (written, error) = match stream::write(&stream, &bytes, until) {
                Ok(()) => return Ok(result),
                Err(failed) => failed,
            };
            self.lock().waiting.remove(&id);
            let late = matches!(
                error.kind(),
                io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
            );
            let error = Arc::new(error);
            if !late || written > 0 {
                self.lost(&stream, Error::Lost(error.clone()));
            }
            if late {
                return Err(Error::Deadline { sent: false });
            }
            if repeated {
                return Err(Error::Connect(error));
            }
            repeated = true;
        }
    }

    // ---- the thread ----

    fn run(self: Arc<Self>) {
        let made = self.connect().map(Arc::new);
        let mut state = self.lock();
        match made {
            Ok(stream) if !state.closed => {
                state.link = Link::Up(stream.clone());
                drop(state);
                self.changed.notify_all();
                let end = self.read(&stream);
                self.lost(&stream, end);
            }
            Ok(_) => {}
            Err(error) => {
                state.link = Link::Down(Some(Error::connect(error)));
                drop(state);
                self.changed.notify_all();
            }
        }
    }

    fn connect(&self) -> io::Result<UnixStream> {
        let start = Instant::now();
        loop {
            if !self.pause() {
                return Err(io::ErrorKind::NotConnected.into());
            }
            match UnixStream::connect(&self.options.socket) {
                Err(error) if self.options.is_patient(&error, start.elapsed()) => {}
                made => return made,
            }
        }
    }

    /// Waits until the next try to connect is due; false if nobody wants it any more.
    fn pause(&self) -> bool {
        let mut state = self.lock();
        let left = state.backoff.left();
        if !left.is_zero() {
            let woken = self
                .changed
                .wait_timeout_while(state, left, |state| !state.closed);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        state.backoff.tried();
        !state.closed
    }

    /// Reads until the connection ends, and tells why it did.
    fn read(&self, stream: &UnixStream) -> Error {
        let mut reader = BufReader::new(stream);
        let mut body = Vec::new();
        loop {
            let read = stream::read_body(&mut reader, &mut body).and_then(|()| self.take(&body));
            if let Err(end) = read {
                return end;
            }
        }
    }

    fn take(&self, body: &[u8]) -> Result<(), Error> {
        let incoming = frame::decode(body)?;
        let mut state = self.lock();
        state.backoff = Backoff::default();
        match incoming {
            Incoming::Answer { id, result } => {
                let slot = frame::take_slot(&mut state.waiting, id, &result)?;
                let _ = slot.try_send(result);
            }
            Incoming::Event(event) => state.subscribers.retain(|one| one.tell(Ok(event.clone()))),
            Incoming::UnknownEvent => {
                self.unknown_events.fetch_add(1, Ordering::Relaxed);
            }
        }
        Ok(())
    }

    /// Ends a connection; whoever waits for something on it learns why.
    fn lost(&self, stream: &Arc<UnixStream>, end: Error) {
        let _ = stream.shutdown(Shutdown::Both);
        let mut state = self.lock();
        if !matches!(&state.link, Link::Up(current) if Arc::ptr_eq(current, stream)) {
            return;
        }
        state.link = Link::Down(None);
        for slot in mem::take(&mut state.waiting).into_values() {
            let _ = slot.try_send(Err(end.clone()));
        }
        state.subscribers.retain(|one| one.tell(Err(end.clone())));
        drop(state);
        self.changed.notify_all();
    }
}
