//! Whom the server talks to outside of the house: the bot, and those who take money.

use std::sync::Arc;

use anyhow::Context;

use crate::config::{Config, MoneyConfig, PaymentMode};
use crate::outbound::certificates;
use crate::payments::{Manual, PaymentProvider, Providers, StarsPayments, TelegramPayments, Webhook};
use crate::telegram::{HttpApi, Telegram};

/// The providers of the configured ways to pay.
pub(super) fn providers(money: &MoneyConfig, telegram: Option<&Telegram>) -> anyhow::Result<Providers> {
    let mut providers: Vec<Arc<dyn PaymentProvider>> = Vec::new();
    if money.has(PaymentMode::Manual) {
        providers.push(Arc::new(Manual));
    }
    if let (true, Some(url), Some(key)) =
        (money.has(PaymentMode::Webhook), &money.webhook_url, &money.webhook_secret)
    {
        let trusted = match &money.webhook_ca_file {
            Some(file) => {
                let pem = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
                certificates(&pem).context("cannot use payment_webhook_ca_file")?
            }
            None => Vec::new(),
        };
        let webhook = Webhook::at(url, key.reveal().as_bytes(), &trusted);
        let webhook = webhook.context("cannot use payment_webhook_url")?;
        providers.push(Arc::new(webhook));
    }
    if let (true, Some(telegram), Some(token)) =
        (money.has(PaymentMode::Telegram), telegram, &money.telegram_token)
    {
        providers.push(Arc::new(TelegramPayments::new(telegram.clone(), token.clone())));
    }
    if let (true, Some(telegram)) = (money.has(PaymentMode::Stars), telegram) {
        providers.push(Arc::new(StarsPayments::new(telegram.clone())));
    }
    Ok(Providers::new(providers))
}

/// The bot, if there is to be one.
pub(super) fn telegram(config: &Config) -> anyhow::Result<Option<Telegram>> {
    let bot = &config.bot;
    if !bot.is_on() {
        return Ok(None);
    }
    let api = HttpApi::at(&bot.api_url, config.bot_token.reveal()).context("cannot use bot_api_url")?;
    Ok(Some(Telegram::new(api)))
}
