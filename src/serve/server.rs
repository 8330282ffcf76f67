//! Starts the server, handles signals, reloads the policy, and shuts down.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::clock::Clock;
use crate::environment::Environment;
use crate::events::EventWriter;
use crate::schedules::{TICK_INTERVAL, Ticker, open_schedules};
use crate::secrets::KnownSecrets;
use crate::session::runtime;
use crate::store::{SetsDue, StoreError};

use super::dispatcher::Dispatcher;
use super::listener::{ends, listen};
use super::notify::Notify;
use super::router::router;
use super::settings::{Settings, SettingsError};
use super::shared::{App, Shared};
use super::tick_monitor::TickMonitor;

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The policy cannot be used.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The address cannot be listened on.
    #[error("`serve.listen`: {address} cannot be listened on: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The store cannot be used.
    #[error("deliveries cannot be kept: {0}")]
    Store(Arc<StoreError>),
    /// The schedules cannot be accessed.
    #[error("the schedules cannot be used: {0}")]
    Schedules(Arc<StoreError>),
    /// The system refuses a thread, a signal handler or a file.
    #[error("the server cannot start: {0}")]
    Machine(#[from] io::Error),
}

impl ServeError {
    /// Returns what to do about it, where the error does not say.
    pub fn advice(&self) -> Option<String> {
        match self {
            Self::Settings(error) => error.advice().map(str::to_owned),
            Self::Listen { .. } => Some(
                "end what listens there, or set `serve.listen` to another address of this machine"
                    .into(),
            ),
            Self::Store(error) | Self::Schedules(error) => Some(error.advice()),
            Self::Machine(_) => Some(
                "raise the limits of open files and processes (`ulimit -n`, `ulimit -u`)".into(),
            ),
        }
    }
}

/// Serves until a signal ends it. `on_ready` gets the address once connections are accepted.
pub fn serve(
    environment: &Environment,
    known: &KnownSecrets,
    on_ready: impl FnOnce(SocketAddr),
) -> Result<(), ServeError> {
    let settings = Arc::new(Settings::read(environment, known)?);
    let service = settings.service();
    let store = service.store();
    store.get().map_err(ServeError::Store)?;
    let due = open_schedules(service).map_err(|error| ServeError::Schedules(Arc::new(error)))?;
    let ticker = Ticker::new(Arc::clone(service));
    let runtime = runtime()?;
    let ended = runtime.block_on(async {
        let listener = bind(&settings).await?;
        let address = listener.local_addr()?;
        let signals = Signals::new()?;
        let dispatcher = Dispatcher::start(service.store(), due, ticker.waker())?;
        let ticks = TickMonitor::new(TICK_INTERVAL, Clock::System.now());
        let app = Arc::new(Shared::new(
            Arc::clone(&settings),
            known.clone(),
            EventWriter::start(store)?,
            dispatcher,
            ticks,
        ));
        let notify = Notify::of(environment);
        on_ready(address);
        notify.ready();
        tracing::info!(%address, "deliveries are taken");
        let life = Server {
            environment,
            ticker,
            app,
            notify,
        };
        life.until_ended(listener, signals).await;
        Ok(())
    });
    // Work that a thread has not finished is in the store, and the next start continues it.
    runtime.shutdown_background();
    ended
}

async fn bind(settings: &Settings) -> Result<TcpListener, ServeError> {
    let address = settings.service().policy().serve().listen.get();
    let bound = TcpListener::bind(address).await;
    bound.map_err(|source| ServeError::Listen { address, source })
}

/// The signals that the server handles.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

/// What a signal requests.
enum SignalAction {
    End,
    Reload,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> SignalAction {
        tokio::select! {
            _ = self.terminate.recv() => SignalAction::End,
            _ = self.interrupt.recv() => SignalAction::End,
            _ = self.hangup.recv() => SignalAction::Reload,
        }
    }
}

/// A running server.
struct Server<'a> {
    environment: &'a Environment,
    ticker: Ticker,
    app: App,
    notify: Notify,
}

impl Server<'_> {
    /// Serves and ticks until a signal requests the end, and finishes what has begun. A second signal ends it at once.
    async fn until_ended(&self, listener: TcpListener, mut signals: Signals) {
        let (end, ending) = watch::channel(false);
        let app = Arc::clone(&self.app);
        let listening = listen(
            listener,
            router(Arc::clone(&app)),
            Arc::clone(&app),
            ending.clone(),
        );
        let on_tick = move |at: Timestamp| app.ticks.tick(at);
        let mut ticks_until = ending;
        let cancel = async move { ends(&mut ticks_until).await };
        let ticking = self.ticker.run(cancel, on_tick);
        let work = async { tokio::join!(listening, ticking) };
        let asked = async {
            loop {
                match signals.next().await {
                    SignalAction::Reload => self.reload(),
                    SignalAction::End if *end.borrow() => return,
                    SignalAction::End => {
                        tracing::info!("the server shuts down, and finishes what has begun");
                        self.notify.stopping();
                        self.app.drain();
                        end.send_replace(true);
                    }
                }
            }
        };
        tokio::select! {
            _ = work => {}
            () = asked => tracing::warn!("a second signal ends what has begun"),
        }
    }

    /// Reloads the policy. An invalid one changes nothing.
    fn reload(&self) {
        self.notify.reloading();
        let former = self.app.settings();
        let listened = former.service().policy().serve().listen;
        let read = self.read_again();
        self.app.metrics.reload(read.is_ok());
        match read {
            Ok((settings, due)) => {
                let settings = Arc::new(settings);
                if settings.service().policy().serve().listen != listened {
                    tracing::warn!(
                        "`serve.listen` has changed, which takes effect after a restart"
                    );
                }
                let table =
                    |of: &Settings| of.service().policy().store().platform_schedules.clone();
                if table(&settings) != table(&former) {
                    let place = table(&settings)
                        .map_or_else(|| "the own store".into(), |url| url.to_string());
                    tracing::info!(place, "the schedules are stored in another place now");
                }
                self.app.dispatcher.replace(due);
                self.ticker.reload(Arc::clone(settings.service()));
                self.app.replace(settings);
                tracing::info!("the policy was read again");
            }
            Err(error) => {
                tracing::error!(%error, "the policy cannot be used; the previous one stays in effect");
            }
        }
        self.notify.ready();
    }

    /// Reads the policy and the secrets, and opens the schedules.
    fn read_again(&self) -> Result<(Settings, Arc<dyn SetsDue>), ServeError> {
        let settings = Settings::read(self.environment, &self.app.known)?;
        let due = open_schedules(settings.service());
        let due = due.map_err(|error| ServeError::Schedules(Arc::new(error)))?;
        Ok((settings, due))
    }
}
