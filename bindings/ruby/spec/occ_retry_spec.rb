# frozen_string_literal: true
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0

require_relative "spec_helper"

RSpec.describe AuroraDsql::Pg::OCCRetry do
  let(:conflict) { FakeServerError.new("40001", "change conflicts with another transaction (OC000)") }
  let(:waits) { [] }

  before { allow(described_class).to receive(:sleep) { |seconds| waits << seconds } }

  describe ".occ_error?" do
    it "decides by the server's SQLSTATE" do
      expect(described_class.occ_error?(conflict)).to be true
      expect(described_class.occ_error?(FakeServerError.new("23505", "duplicate (OC000)"))).to be false
    end

    it "searches the message if there is no SQLSTATE" do
      expect(described_class.occ_error?(StandardError.new("ERROR: OC000: conflict"))).to be true
      expect(described_class.occ_error?(StandardError.new("schema (OC001)"))).to be true
      expect(described_class.occ_error?(StandardError.new("connection refused"))).to be false
      expect(described_class.occ_error?(StandardError.new("no such SKU DOC0001"))).to be false
      expect(described_class.occ_error?(nil)).to be false
    end

    it "searches the causes" do
      wrapped = begin
        begin
          raise conflict
        rescue PG::Error
          raise "could not save"
        end
      rescue RuntimeError => e
        e
      end
      expect(described_class.occ_error?(wrapped)).to be true
    end
  end

  describe ".retry_on_occ" do
    it "retries, waiting longer each time up to the maximum" do
      attempts = 0
      config = { max_retries: 4, initial_wait: 1.0, max_wait: 3.0, multiplier: 2.0 }
      result = described_class.retry_on_occ(config) do
        attempts += 1
        raise conflict if attempts < 5

        "done"
      end
      expect(result).to eq("done")
      [1.0, 2.0, 3.0, 3.0].zip(waits).each do |least, wait|
        expect(wait).to be_between(least, least * 1.25)
      end
    end

    it "raises an error with the last conflict as its cause" do
      expect { described_class.retry_on_occ(described_class::DEFAULT_CONFIG.merge(max_retries: 2)) { raise conflict } }
        .to raise_error(AuroraDsql::Pg::Error) { |e|
          expect(e.message).to eq("Max retries (2) exceeded, last error: #{conflict.message}")
          expect(e.cause).to be(conflict)
        }
      expect(waits.size).to eq(2)
    end

    it "does not retry other errors" do
      attempts = 0
      expect { described_class.retry_on_occ { attempts += 1; raise "no" } }.to raise_error("no")
      expect(attempts).to eq(1)
    end

    it "never retries a COMMIT with an unknown outcome, even if a conflict is its cause" do
      attempts = 0
      expect {
        described_class.retry_on_occ do
          attempts += 1
          begin
            raise conflict
          rescue PG::Error
            raise AuroraDsql::Pg::CommitUnknownError, "lost"
          end
        end
      }.to raise_error(AuroraDsql::Pg::CommitUnknownError)
      expect(attempts).to eq(1)
    end

    it "logs each retry" do
      log = StringIO.new
      attempts = 0
      described_class.retry_on_occ(logger: Logger.new(log)) do
        attempts += 1
        raise conflict if attempts == 1
      end
      expect(log.string).to match(
        %r{\[AuroraDsql::Pg\] OCC conflict detected, retrying \(attempt 1/3, wait 0\.1\d?s\)}
      )
    end
  end

  describe "with a pool" do
    let(:conn) { double("conn") }
    let(:pool) { double("pool") }

    before { allow(pool).to receive(:with).with(retry_occ: false) { |&block| block.call(conn) } }

    it "runs a transaction on a connection of the pool" do
      allow(conn).to receive(:transaction).and_yield
      expect(described_class.with_retry(pool) { |c| c }).to be(conn)
    end

    it "retries the whole transaction" do
      attempts = 0
      allow(conn).to receive(:transaction) { (attempts += 1) == 1 ? raise(conflict) : "ok" }
      expect(described_class.with_retry(pool) { nil }).to eq("ok")
    end

    it "raises an error if COMMIT rolled the transaction back" do
      real = FakePG::Connection.new
      allow(pool).to receive(:with).with(retry_occ: false) { |&block| block.call(real) }
      expect { described_class.with_retry(pool) { |c| c.transaction_status = PG::PQTRANS_INERROR } }
        .to raise_error(AuroraDsql::Pg::Error, /COMMIT rolled the transaction back/)
      expect(described_class.with_retry(pool) { |c| c.exec("INSERT"); 7 }).to eq(7)
      expect(real.statements).to eq(%w[BEGIN COMMIT BEGIN INSERT COMMIT])
    end

    it "runs one statement, with or without parameters" do
      allow(conn).to receive(:exec).with("CREATE TABLE t (id uuid)").and_return(:created)
      allow(conn).to receive(:exec_params).with("DELETE FROM t WHERE id = $1", ["x"]).and_return(:gone)
      expect(described_class.exec_with_retry(pool, "CREATE TABLE t (id uuid)")).to eq(:created)
      expect(described_class.exec_with_retry(pool, "DELETE FROM t WHERE id = $1", ["x"])).to eq(:gone)
    end

    it "stops retrying a statement after max_retries" do
      allow(conn).to receive(:exec).and_raise(conflict)
      expect { described_class.exec_with_retry(pool, "SELECT 1", max_retries: 1) }
        .to raise_error(AuroraDsql::Pg::Error, /Max retries \(1\) exceeded/)
    end
  end
end
