//! One test, two databases.

use thorax_store::{Settings, Store};

use crate::servers;

/// A store of one test, with its files where it has some.
pub struct Fresh {
    pub store: Store,
    pub address: String,
    _folder: Option<tempfile::TempDir>,
}

/// So that a test takes `&Store`, or `&Fresh` where it needs the address too.
impl std::ops::Deref for Fresh {
    type Target = Store;

    fn deref(&self) -> &Store {
        &self.store
    }
}

pub async fn sqlite() -> Fresh {
    let folder = tempfile::tempdir().unwrap();
    let address = format!("sqlite:{}", folder.path().join("thorax.db").display());
    let settings = Settings { connections: 4, ..Settings::default() };
    Fresh { store: Store::open(&address, &settings).await.unwrap(), address, _folder: Some(folder) }
}

pub async fn postgres() -> Option<Fresh> {
    let address = servers::postgres().await?;
    let settings = Settings { connections: 6, ..Settings::default() };
    Some(Fresh { store: Store::open(&address, &settings).await.unwrap(), address, _folder: None })
}

/// Runs an `async fn(&Store)` on both, each as a test of its own.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let fresh = crate::databases::sqlite().await;
                super::$name(&fresh).await;
                fresh.store.close().await.unwrap();
            })+
        }
        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let Some(fresh) = crate::databases::postgres().await else { return };
                super::$name(&fresh).await;
                fresh.store.close().await.unwrap();
            })+
        }
    };
}
pub(crate) use on_both;
