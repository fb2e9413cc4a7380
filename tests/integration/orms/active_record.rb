# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

# Migrations of ActiveRecord, and what it finds afterwards.
require 'logger'
require 'active_record'
require 'active_record/connection_adapters/postgresql_adapter'

def step(name)
  answer = yield
  answer = 'ok' unless answer.is_a?(String)
rescue StandardError => e
  answer = (e.cause || e).message
ensure
  puts "active_record: #{name}: #{answer.gsub(/\s+/, ' ').strip}"
end

ActiveRecord::Base.logger = nil
ActiveRecord::Migration.verbose = false
ActiveRecord::Base.establish_connection(adapter: 'postgresql', host: ENV['PGHOST'], port: ENV['PGPORT'],
                                        username: ENV['PGUSER'], database: ENV['PGDATABASE'])
def connection = ActiveRecord::Base.connection

step('as on PostgreSQL') { connection }

# It sets parameters that cannot be set; the defaults are what it wants.
class ActiveRecord::ConnectionAdapters::PostgreSQLAdapter
  def configure_connection; end
  # Neither advisory locks nor transactions around DDL.
  def supports_advisory_locks? = false
  def supports_ddl_transactions? = false
end

class First < ActiveRecord::Migration[6.1]
  def change
    create_table(:ar_items, id: :uuid) { |t| t.text :name, null: false }
  end
end

class Second < ActiveRecord::Migration[6.1]
  def change
    add_column :ar_items, :price, :integer
  end
end

def async(statement)
  job = connection.select_value(statement)
  connection.select_value("CALL sys.wait_for_job('#{job}')") ? 'ok' : 'the job has failed'
end

step('its own table') { ActiveRecord::SchemaMigration.create_table }
step('a table with an integer key') { connection.create_table(:ar_counted) }
step('first migration') { First.migrate(:up) }
step('second migration, a column') { Second.migrate(:up) }
step('a column that is not null') { connection.add_column(:ar_items, :size, :integer, null: false, default: 1) }
step('an index') { connection.add_index(:ar_items, :price) }
step('an index ASYNC') { async('CREATE INDEX ASYNC ar_price ON ar_items (price)') }
step('columns') { connection.columns(:ar_items).map(&:name).join(' ') }
step('primary key') { connection.primary_keys(:ar_items).join(' ') }
step('indexes') { connection.indexes(:ar_items).map { |i| "#{i.name} #{i.columns}" }.join(', ') }
